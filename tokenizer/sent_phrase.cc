#include "tokenizer/sent_phrase.h"

#include <algorithm>

#include "tokenizer/ascii.h"

namespace kseek::tokenizer {
namespace {

/// An escape in a JSON string is at most so long: \u0041. What looks like a part of a word may be the end of one.
constexpr size_t kEscapeBytes = 6;

bool is_looked_at(const TokenPattern& token) {
  const std::string_view literal = token.literal_prefix();
  return token.is_exact() && std::all_of(literal.begin(), literal.end(), is_ascii_letter_or_digit);
}

enum class Said { kYes, kNo, kUnknown };

/// Goes away from the anchor over a text, byte by byte, forwards or backwards. What is not ASCII could be anything: a
/// mark that joins words, a character that folds to nothing.
template <bool kForwards>
class Walk {
 public:
  /// `at`: the place after the last byte that was looked at; before it, when going backwards. `cut`: at its end the
  /// text goes on.
  Walk(std::string_view text, size_t at, bool cut) : text_(text), at_(at), cut_(cut) {}

  [[nodiscard]] size_t at() const { return at_; }

  /// The word that it stands behind ends here.
  Said end_word() const {
    if (at_end()) return Said::kYes;
    if (!is_ascii_byte(next())) return Said::kUnknown;
    return is_ascii_letter_or_digit(next()) ? Said::kNo : Said::kYes;
  }
  /// The next word is this one, as far as it goes. REQUIRES: end_word() said yes.
  Said take_word(std::string_view word) {
    while (!at_end() && is_ascii_byte(next()) && !is_ascii_letter_or_digit(next())) step();
    for (size_t i = 0; i < word.size(); ++i) {
      if (at_end()) return cut_ ? Said::kUnknown : Said::kNo;
      if (!is_ascii_byte(next())) return Said::kUnknown;
      if (ascii_lower(next()) != word[kForwards ? i : word.size() - 1 - i]) return Said::kNo;
      step();
    }
    return Said::kYes;
  }
  /// These words follow, one after the other.
  Said take_words(const std::vector<std::string>& words) {
    Said said = end_word();
    for (auto word = words.begin(); word != words.end() && said == Said::kYes; ++word) {
      said = take_word(*word);
      if (said == Said::kYes) said = end_word();
    }
    return said;
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == (kForwards ? text_.size() : 0); }
  [[nodiscard]] char next() const { return text_[kForwards ? at_ : at_ - 1]; }
  void step() { kForwards ? ++at_ : --at_; }

  const std::string_view text_;
  size_t at_;
  const bool cut_;
};

}  // namespace

std::optional<SentPhrase> SentPhrase::of(const Phrase& phrase) {
  const std::vector<TokenPattern>& tokens = phrase.tokens;
  size_t anchored = tokens.size();
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!is_looked_at(tokens[i])) continue;
    const bool longer =
        anchored == tokens.size() || tokens[i].literal_prefix().size() > tokens[anchored].literal_prefix().size();
    if (longer) anchored = i;
  }
  if (anchored == tokens.size()) return std::nullopt;
  SentPhrase sent;
  sent.anchor_ = SubstringFinder(std::string(tokens[anchored].literal_prefix()), SubstringFinder::Case::kAnyAscii);
  for (size_t i = anchored; i-- > 0 && is_looked_at(tokens[i]);) sent.before_.emplace_back(tokens[i].literal_prefix());
  for (size_t i = anchored + 1; i < tokens.size() && is_looked_at(tokens[i]); ++i) {
    sent.after_.emplace_back(tokens[i].literal_prefix());
  }
  sent.whole_ = sent.before_.size() + 1 + sent.after_.size() == tokens.size();
  return sent;
}

bool SentPhrase::may_stand_at(std::string_view text, size_t at, Cut cut) const {
  Walk<true> forwards(text, at + anchor_.needle().size(), cut.after);
  Walk<false> backwards(text, at, cut.before);
  if (forwards.take_words(after_) != Said::kNo && backwards.take_words(before_) != Said::kNo) return true;
  if (cut.before && backwards.at() < kEscapeBytes) return true;
  const size_t begin = backwards.at() - std::min(backwards.at(), kEscapeBytes);
  const size_t end = std::min(forwards.at() + 1, text.size());
  return text.substr(begin, end - begin).find('\\') != std::string_view::npos;
}

}  // namespace kseek::tokenizer
