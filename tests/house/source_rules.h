// The rules of the house for source files, as functions on their contents: which folder may include which (the arrows),
// which third-party library lives where, and the small ones (#pragma once, length, includes from the root).
// Plain functions; no files are read here, so that the rules can be tried on made-up contents.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kseek::house {

struct Include {
  std::string path;
  bool angled = false;  ///< <path>, not "path"
  size_t line = 0;      ///< from 1
};

/// The #include lines of a source text, in order. (A line of a raw string that looks like one counts as one.)
[[nodiscard]] std::vector<Include> find_includes(std::string_view text);

/// Sources by their path from the root ("store/block.h"), with their contents.
using Sources = std::map<std::string, std::string>;

/// Each violation in one line: "store/block.cc:12: …". Empty: all is well.
/// The arrows: base <- tokenizer <- store <- {indexer, query} <- {server <- cli, embed}; include/ and examples/ know
/// nothing of ours; tests and benchmarks may include all.
[[nodiscard]] std::vector<std::string> check_arrows(const Sources& sources);
/// A third-party library is included only in the folders that it belongs to (tests mirror the folders), and no header
/// that another folder includes brings one along.
[[nodiscard]] std::vector<std::string> check_third_party(const Sources& sources);
/// #pragma once in each header, files of at most kMaxLines, quoted includes from the root that exist, no leftover
/// marks.
[[nodiscard]] std::vector<std::string> check_form(const Sources& sources);

inline constexpr size_t kMaxLines = 450;

}  // namespace kseek::house
