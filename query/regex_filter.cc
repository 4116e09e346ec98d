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
constexpr size_t kMinInnerBytes = 4;   // and so does a shorter literal within a token
constexpr int kMinAtomBytes = 3;       // a separator and two more bytes
constexpr char kOther = '\xFF';        // in a piece: a character that is not ASCII

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c); }
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

bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

/// How many bytes at the run's beginning may belong to a JSON escape that begins before it: \n, or some of \u00e9.
size_t escaped_bytes(std::string_view run) {
  constexpr size_t kHexDigits = 4;
  const size_t hex_begin = run.starts_with('u') ? 1 : 0;
  size_t bytes = hex_begin;
  while (bytes < run.size() && bytes - hex_begin < kHexDigits && is_hex_digit(run[bytes])) ++bytes;
  const bool is_short_escape = !run.empty() && std::string_view("bfnrt").find(run.front()) != std::string_view::npos;
  return std::max<size_t>(bytes, is_short_escape ? 1 : 0);
}

/// A token that a run implies. `begins`, `ends`: with the run.
std::optional<TokenPattern> token_of(std::string run, bool begins, bool ends) {
  using Step = TokenPattern::Step;
  if (!begins) run.erase(0, escaped_bytes(run));
  if (!ends && !run.empty()) run.pop_back();
  if (begins && ends) return TokenPattern::exact(std::move(run));
  if (run.size() < (begins ? kMinPrefixBytes : kMinInnerBytes)) return std::nullopt;
  std::vector<Step> steps;
  if (!begins) steps.push_back({Step::Kind::kAnyRun, ""});
  steps.push_back({Step::Kind::kLiteral, std::move(run)});
  if (!ends) steps.push_back({Step::Kind::kAnyRun, ""});
  return TokenPattern::of(std::move(steps));
}

std::vector<TokenPattern> tokens_of(std::string_view atom, bool dotted_i) {
  std::vector<TokenPattern> tokens;
  const std::string bytes = to_bytes(atom);
  for (size_t begin = 0, end = 0; begin < bytes.size(); begin = end + 1) {
    end = begin;
    while (end < bytes.size() && is_letter_or_digit(bytes[end])) ++end;
    std::string run = bytes.substr(begin, end - begin);
    if (run.empty() || (dotted_i && run.find('i') != std::string::npos)) continue;
    const bool begins = begin > 0 && is_separator(bytes[begin - 1]);
    const bool ends = end < bytes.size() && is_separator(bytes[end]);
    if (auto token = token_of(std::move(run), begins, ends)) tokens.push_back(*std::move(token));
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
