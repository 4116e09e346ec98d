#include "tests/house/source_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace kseek::house {
namespace {

/// Which folders each folder may include, itself left out. "*" is all.
const std::map<std::string_view, std::set<std::string_view>> kArrows = {
    {"base", {}},
    {"tokenizer", {"base"}},
    {"store", {"base", "tokenizer"}},
    {"indexer", {"base", "tokenizer", "store"}},
    {"query", {"base", "tokenizer", "store"}},
    {"server", {"base", "tokenizer", "store", "indexer", "query"}},
    {"embed", {"base", "tokenizer", "store", "indexer", "query", "include"}},
    {"cli", {"base", "tokenizer", "store", "indexer", "query", "server"}},
    {"include", {}},
    {"examples", {}},
    {"bench", {"*"}},
    {"tests", {"*"}},
};

struct ThirdParty {
  std::string_view prefix;  ///< of the header's path
  std::string_view name;
  std::set<std::string_view> folders;  ///< where it may be included; "*" is everywhere
};

const std::array kThirdParty = {
    ThirdParty{"fmt/", "fmt", {"*"}},
    ThirdParty{"unicode/", "ICU", {"tokenizer"}},
    ThirdParty{"rocksdb/", "RocksDB", {"store"}},
    ThirdParty{"xapian", "Xapian", {"store", "bench"}},  // bench/peers/: as others use it
    ThirdParty{"lz4", "LZ4", {"store"}},
    ThirdParty{"zstd", "zstd", {"store"}},  // blocks of older formats
    ThirdParty{"xxhash", "xxHash", {"store"}},
    ThirdParty{"xxh3", "xxHash", {"store"}},
    ThirdParty{"librdkafka/", "librdkafka", {"indexer"}},
    ThirdParty{"simdjson", "simdjson", {"indexer", "query"}},
    ThirdParty{"re2/", "RE2", {"indexer", "query"}},
    ThirdParty{"microhttpd", "libmicrohttpd", {"server"}},
    ThirdParty{"gnutls/", "GnuTLS", {"server"}},
    ThirdParty{"prometheus/", "prometheus-cpp", {"server"}},
    ThirdParty{"nlohmann/", "nlohmann-json", {"server", "cli"}},
    ThirdParty{"CLI/", "CLI11", {"cli"}},
    ThirdParty{"curl/", "libcurl", {"cli"}},
    ThirdParty{"toml++/", "toml++", {"cli"}},
    ThirdParty{"zlib", "zlib", {"server"}},
    ThirdParty{"spdlog/", "spdlog", {"indexer", "server", "cli"}},
    ThirdParty{"kseek/", "the installed library", {"examples", "tests"}},
    ThirdParty{"gtest/", "GoogleTest", {"tests"}},
    ThirdParty{"gmock/", "GoogleMock", {"tests"}},
    ThirdParty{"benchmark/", "Google Benchmark", {"bench"}},
    ThirdParty{"sqlite3", "SQLite", {"bench"}},
};

/// Directories of the C library's and the kernel's headers.
constexpr std::array<std::string_view, 6> kSystemDirectories = {"sys/", "net/", "netinet/", "arpa/", "linux/", "bits/"};

std::string_view folder_of(std::string_view path) {
  const size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

/// "tests/store/block_test.cc" is at home in store, as far as libraries go.
std::string_view home_of(std::string_view path) {
  const std::string_view folder = folder_of(path);
  return folder == "tests" ? folder_of(path.substr(folder.size() + 1)) : folder;
}

bool is_header(std::string_view path) { return path.ends_with(".h"); }

std::string at(const std::string& path, size_t line) { return path + ":" + std::to_string(line) + ": "; }

const ThirdParty* third_party(const Include& include) {
  if (!include.angled) return nullptr;
  const auto* found = std::find_if(kThirdParty.begin(), kThirdParty.end(),
                                   [&](const ThirdParty& library) { return include.path.starts_with(library.prefix); });
  return found == kThirdParty.end() ? nullptr : found;
}

bool may_use(const std::string& path, const ThirdParty& library) {
  if (library.folders.contains("*") || library.folders.contains(folder_of(path))) return true;
  // A test may use what the folder it tests may use; tests of the whole talk HTTP and JSON.
  if (folder_of(path) != "tests") return false;
  return library.folders.contains(home_of(path)) || library.folders.contains("cli");
}

bool is_unknown_library(const Include& include) {
  if (!include.angled || third_party(include) != nullptr || include.path.find('/') == std::string::npos) return false;
  return std::none_of(kSystemDirectories.begin(), kSystemDirectories.end(),
                      [&](std::string_view directory) { return include.path.starts_with(directory); });
}

/// The first third-party library (fmt aside) that `header` brings along, itself or by headers of its own folder.
std::optional<std::string> brought_along(const Sources& sources, const std::string& header,
                                         std::set<std::string>& seen) {
  const auto source = sources.find(header);
  if (source == sources.end() || !seen.insert(header).second) return std::nullopt;
  for (const Include& include : find_includes(source->second)) {
    const ThirdParty* library = third_party(include);
    if (library != nullptr && !library->folders.contains("*")) return std::string(library->name);
    if (include.angled || folder_of(include.path) != folder_of(header)) continue;
    if (auto found = brought_along(sources, include.path, seen)) return found;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Include> find_includes(std::string_view text) {
  std::vector<Include> includes;
  const auto skip_blanks = [](std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    skip_blanks(line);
    if (!line.starts_with('#')) continue;
    line.remove_prefix(1);
    skip_blanks(line);
    if (!line.starts_with("include")) continue;
    line.remove_prefix(7);
    skip_blanks(line);
    if (!line.starts_with('<') && !line.starts_with('"')) continue;
    const bool angled = line.front() == '<';
    const size_t close = line.find(angled ? '>' : '"', 1);
    if (close == std::string_view::npos) continue;
    includes.push_back({std::string(line.substr(1, close - 1)), angled, number});
  }
  return includes;
}

std::vector<std::string> check_arrows(const Sources& sources) {
  std::vector<std::string> violations;
  for (const auto& [path, text] : sources) {
    const std::string_view from = folder_of(path);
    const auto allowed = kArrows.find(from);
    if (allowed == kArrows.end()) {
      violations.push_back(at(path, 1) + "no arrows are known for this folder");
      continue;
    }
    for (const Include& include : find_includes(text)) {
      const std::string_view to = folder_of(include.path);
      if (include.angled || to == from || allowed->second.contains("*") || allowed->second.contains(to)) continue;
      violations.push_back(at(path, include.line) + std::string(from) + "/ must not include \"" + include.path + "\"");
    }
  }
  return violations;
}

std::vector<std::string> check_third_party(const Sources& sources) {
  std::vector<std::string> violations;
  for (const auto& [path, text] : sources) {
    for (const Include& include : find_includes(text)) {
      if (const ThirdParty* library = third_party(include); library != nullptr && !may_use(path, *library)) {
        violations.push_back(at(path, include.line) + std::string(library->name) + " does not belong here: <" +
                             include.path + ">");
      }
      if (is_unknown_library(include)) {
        violations.push_back(at(path, include.line) + "a library that no rule knows: <" + include.path + ">");
      }
      if (include.angled || folder_of(include.path) == folder_of(path) || folder_of(path) == "tests") continue;
      std::set<std::string> seen;
      if (const auto library = brought_along(sources, include.path, seen)) {
        violations.push_back(at(path, include.line) + "\"" + include.path + "\" brings " + *library + " along");
      }
    }
  }
  return violations;
}

std::vector<std::string> check_form(const Sources& sources) {
  std::vector<std::string> violations;
  for (const auto& [path, text] : sources) {
    if (is_header(path) && text.find("#pragma once\n") == std::string::npos) {
      violations.push_back(at(path, 1) + "has no #pragma once");
    }
    const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
    if (lines > kMaxLines) violations.push_back(at(path, lines) + "too long: more than " + std::to_string(kMaxLines));
    for (const std::string_view mark : {std::string_view("TO"
                                                         "DO"),
                                        std::string_view("FIX"
                                                         "ME")}) {
      if (text.find(mark) != std::string::npos) violations.push_back(at(path, 1) + "has a " + std::string(mark));
    }
    for (const Include& include : find_includes(text)) {
      if (include.angled && kArrows.contains(folder_of(include.path)) && sources.contains(include.path)) {
        violations.push_back(at(path, include.line) + "our own headers are \"quoted\": <" + include.path + ">");
      }
      if (!include.angled && !sources.contains(include.path)) {
        violations.push_back(at(path, include.line) + "not a path from the root: \"" + include.path + "\"");
      }
    }
  }
  return violations;
}

}  // namespace kseek::house
