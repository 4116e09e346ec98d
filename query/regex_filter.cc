#include "query/regex_filter.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>

namespace kseek::query {
namespace {

using tokenizer::TokenPattern;

constexpr size_t kMaxRequirements = 64;
constexpr size_t kMinPrefixBytes = 3;  // a shorter prefix stands for too much of the dictionary
constexpr int kMinAtomBytes = 3;       // a separator and two more bytes
constexpr char kOther = '\xFF';        // in a piece: a character that is not ASCII

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
/// Separates tokens as it stands, whatever surrounds it in the text.
bool is_separator(char c) { return static_cast<unsigned char>(c) < 0x80 && !is_letter_or_digit(c) && c != '\\'; }

/// True if the pattern may name characters beyond ASCII: then an `i` of a piece may be U+0130 in the text, which RE2
/// lowers to i and folding to i with a dot above. Without them no small class of characters has it.
bool may_name_other_chars(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (static_cast<unsigned char>(pattern[i]) >= 0x80) return true;
    if (pattern[i] == '\\' && ++i < pattern.size()) {
      if (std::string_view("xpPQ01234567").find(pattern[i]) != std::string_view::npos) return true;
    }
  }
  return false;
}

/// A byte a character. U+017F (which stands for s where case is ignored) folds to s.
std::string to_bytes(std::string_view atom) {
  std::string bytes;
  for (size_t i = 0; i < atom.size(); ++i) {
    if (atom.substr(i).starts_with("\xC5\xBF")) {
      bytes += 's';
      ++i;
    } else if (static_cast<unsigned char>(atom[i]) < 0x80) {
      bytes += atom[i];
    } else if (bytes.empty() || bytes.back() != kOther) {
      bytes += kOther;
    }
  }
  return bytes;
}

std::vector<TokenPattern> tokens_of(std::string_view atom, bool dotted_i) {
  std::vector<TokenPattern> tokens;
  const std::string bytes = to_bytes(atom);
  for (size_t begin = 0, end = 0; begin < bytes.size(); begin = end + 1) {
    end = begin;
    while (end < bytes.size() && is_letter_or_digit(bytes[end])) ++end;
    if (end == begin || begin == 0 || !is_separator(bytes[begin - 1])) continue;
    std::string run = bytes.substr(begin, end - begin);
    if (dotted_i && run.find('i') != std::string::npos) continue;
    if (end < bytes.size() && is_separator(bytes[end])) {
      tokens.push_back(TokenPattern::exact(std::move(run)));
    } else if (run.size() > kMinPrefixBytes) {
      run.pop_back();
      using Step = TokenPattern::Step;
      tokens.push_back(TokenPattern::of({{Step::Kind::kLiteral, std::move(run)}, {Step::Kind::kAnyRun, ""}}));
    }
  }
  return tokens;
}

/// RE2's AND-OR tree of pieces, as a monotone function of the tokens that they imply.
class Prefilter {
 public:
  explicit Prefilter(const Regex& regex) : filter_(kMinAtomBytes) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(RegexMatcher::kMaxMemoryBytes);
    // Case sensitive in any case: pieces are in lower case anyway, and so it makes fewer and longer ones.
    int id = 0;
    if (filter_.Add(re2::StringPiece(regex.pattern.data(), regex.pattern.size()), options, &id) != RE2::NoError) return;
    std::vector<std::string> atoms;
    filter_.Compile(&atoms);
    const bool dotted_i = may_name_other_chars(regex.pattern);
    for (const std::string& atom : atoms) {
      std::vector<size_t> needs;
      for (TokenPattern& token : tokens_of(atom, dotted_i)) {
        if (const auto number = number_of(std::move(token))) needs.push_back(*number);
      }
      needs_.push_back(std::move(needs));
    }
  }

  [[nodiscard]] const std::vector<TokenPattern>& requirements() const { return requirements_; }

  /// Whether a text without the tokens that are marked absent may have a match.
  [[nodiscard]] bool possible(const std::vector<bool>& absent) const {
    std::vector<int> atoms;
    for (size_t i = 0; i < needs_.size(); ++i) {
      const bool present = std::none_of(needs_[i].begin(), needs_[i].end(), [&](size_t need) { return absent[need]; });
      if (present) atoms.push_back(static_cast<int>(i));
    }
    std::vector<int> potentials;
    filter_.AllPotentials(atoms, &potentials);
    return !potentials.empty();
  }

 private:
  std::optional<size_t> number_of(TokenPattern token) {
    const auto found = std::find(requirements_.begin(), requirements_.end(), token);
    if (found != requirements_.end()) return static_cast<size_t>(found - requirements_.begin());
    if (requirements_.size() == kMaxRequirements) return std::nullopt;
    requirements_.push_back(std::move(token));
    return requirements_.size() - 1;
  }

  re2::FilteredRE2 filter_;
  std::vector<std::vector<size_t>> needs_;  // by atom: the tokens it implies
  std::vector<TokenPattern> requirements_;
};

/// A smallest set of tokens that can't all be absent, `kept` in it if it may be. REQUIRES: not possible without any.
std::vector<bool> minimal_clause(const Prefilter& prefilter, size_t kept) {
  const size_t n = prefilter.requirements().size();
  std::vector<bool> clause(n, true);
  for (size_t i = 1; i <= n; ++i) {
    const size_t tried = (kept + i) % n;  // `kept` is the last
    clause[tried] = false;
    if (prefilter.possible(clause)) clause[tried] = true;
  }
  return clause;
}

}  // namespace

std::vector<TokenClause> implied_tokens(const Regex& regex) {
  const Prefilter prefilter(regex);
  const std::vector<TokenPattern>& requirements = prefilter.requirements();
  std::vector<std::vector<bool>> sets;
  if (requirements.empty() || prefilter.possible(std::vector<bool>(requirements.size(), true))) return {};
  for (size_t i = 0; i < requirements.size(); ++i) {
    std::vector<bool> set = minimal_clause(prefilter, i);
    if (std::find(sets.begin(), sets.end(), set) == sets.end()) sets.push_back(std::move(set));
  }
  std::vector<TokenClause> clauses;
  for (const std::vector<bool>& set : sets) {
    TokenClause& clause = clauses.emplace_back();
    for (size_t i = 0; i < set.size(); ++i) {
      if (set[i]) clause.push_back(requirements[i]);
    }
  }
  return clauses;
}

}  // namespace kseek::query
