#include "query/dictionary_scan.h"

#include <atomic>
#include <bit>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/prices.h"
#include "query/scan_pool.h"

namespace kseek::query {
namespace {

/// A scan of some terms, of which each thread goes through a part. Borrows what it is made of.
class DictionaryScan {
 public:
  DictionaryScan(const tokenizer::TokenPattern& pattern, std::string_view prefix, const SliceSet& among, double seconds)
      : pattern_(pattern), among_(among), visits_left_(static_cast<int64_t>(seconds / kVisitSeconds)) {
    scan_.prefix = prefix;
    const std::string_view literal = pattern.longest_literal();
    const bool in_prefix = prefix.find(literal, 1) != std::string_view::npos;
    if (!in_prefix) scan_.literal = literal;
    scan_.most = static_cast<uint64_t>(seconds / kTermSeconds);
  }

  /// The terms between two: nullopt when they, or those of another part, cost too much or leave all. Any thread.
  Result<std::optional<SliceSet>> part(TermSource& source, std::string_view from, std::string_view below) {
    if (visits_left_ <= 0) return std::optional<SliceSet>();
    store::TermScan scan = scan_;
    scan.from = from;
    scan.below = below;
    SliceSet found(among_.size());
    Result<void> failure;
    uint64_t matched = 0;
    const auto visit = [&](std::string_view term) {
      if (visits_left_-- <= 0) return false;
      if (!pattern_.may_match_term(term.substr(1))) return true;
      failure = source.add_postings(term, found);
      if (!failure) return false;
      // After 1, 2, 4 … matches: it costs more than a term's postings do.
      return !std::has_single_bit(++matched) || !holds_all(found);
    };
    KSEEK_ASSIGN(const bool finished, source.scan_terms(scan, visit));
    KSEEK_TRY(failure);
    if (finished) return std::optional(std::move(found));
    visits_left_ = 0;
    return std::optional<SliceSet>();
  }

 private:
  [[nodiscard]] bool holds_all(SliceSet found) const { return (found &= among_) == among_; }

  const tokenizer::TokenPattern& pattern_;
  const SliceSet& among_;
  store::TermScan scan_;
  std::atomic<int64_t> visits_left_;
};

/// Where the parts of what stands below the prefix begin: the first with it, the others with a landmark.
Result<std::vector<std::string>> parts_of(TermSource& source, std::string_view prefix) {
  std::vector<std::string> begins(1);
  if (!is_whole_dictionary(prefix)) return begins;
  KSEEK_ASSIGN(std::vector<std::string> landmarks, source.landmarks());
  for (std::string& landmark : landmarks) {
    if (landmark.starts_with(prefix)) begins.push_back(std::move(landmark));
  }
  return begins;
}

}  // namespace

Result<SliceSet> scan_dictionary(const tokenizer::TokenPattern& pattern, std::string_view prefix, TermSource& source,
                                 const SliceSet& among, double seconds) {
  KSEEK_ASSIGN(const std::vector<std::string> begins, parts_of(source, prefix));
  DictionaryScan scan(pattern, prefix, among, seconds);
  using Part = Result<std::optional<SliceSet>>;
  std::vector<Part> parts(begins.size(), Part(std::nullopt));
  run_together(parts.size(), [&](size_t i) {
    const std::string_view below = i + 1 < begins.size() ? std::string_view(begins[i + 1]) : std::string_view();
    if (parts.size() == 1) {
      parts[i] = scan.part(source, begins[i], below);
      return;
    }
    auto own = source.another();
    parts[i] = own ? scan.part(**own, begins[i], below) : Part(std::move(own).error());
  });
  SliceSet found(among.size());
  for (Part& part : parts) {
    KSEEK_ASSIGN(const std::optional<SliceSet> some, std::move(part));
    if (!some) return among;
    found |= *some;
  }
  found &= among;
  return found;
}

}  // namespace kseek::query
