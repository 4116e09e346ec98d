#include "tokenizer/sent_phrase.h"

#include <algorithm>

#include "tokenizer/ascii.h"
#include "tokenizer/hidden_words.h"

namespace kseek::tokenizer {
namespace {

/// An escape in a JSON string is at most so long: \u0041. What looks like a part of a word may be the end of one.
constexpr size_t kEscapeBytes = 6;

/// In about every third place of a text in Chinese.
constexpr std::string_view kCommonIdeographs = "的一是了我不在有人这";

bool is_ideograph(std::string_view word) { return word.size() == kIdeographBytes && begins_with_ideograph(word); }

bool is_looked_at(const TokenPattern& token) {
  const std::string_view literal = token.literal_prefix();
  return token.is_exact() &&
         (is_ideograph(literal) || std::all_of(literal.begin(), literal.end(), is_ascii_letter_or_digit));
}

/// How rare a word is, roughly.
size_t rarity(std::string_view word) {
  const bool common = is_ideograph(word) && kCommonIdeographs.find(word) != std::string_view::npos;
  return common ? 1 : word.size();
}

enum class Said { kYes, kNo, kUnknown };

/// Goes away from a word over the text, forwards or backwards. What is neither ASCII nor an ideograph could be
/// anything: a mark that joins words, a character that folds to nothing.
template <bool kForwards>
class Walk {
 public:
  /// `at`: the place behind the word, or before it, when going backwards. `cut`: at its end the text goes on.
  Walk(std::string_view text, size_t at, std::string_view word, bool cut)
      : text_(text), at_(at), cut_(cut), in_ideograph_(is_ideograph(word)) {}

  [[nodiscard]] size_t at() const { return at_; }

  /// These words follow, one after the other, and the last one ends.
  Said take_words(const std::vector<std::string>& words) {
    Said said = end_word();
    for (auto word = words.begin(); word != words.end() && said == Said::kYes; ++word) {
      said = take_word(*word);
      if (said == Said::kYes) said = end_word();
    }
    return said;
  }

 private:
  /// The word that was taken ends here.
  [[nodiscard]] Said end_word() const {
    if (at_end() || is_at_ideograph()) return Said::kYes;
    if (!is_ascii_byte(next())) return Said::kUnknown;
    return is_ascii_letter_or_digit(next()) && !in_ideograph_ ? Said::kNo : Said::kYes;
  }
  /// The next word is this one, as far as it goes. REQUIRES: end_word() said yes.
  Said take_word(std::string_view word) {
    while (!at_end() && is_ascii_byte(next()) && !is_ascii_letter_or_digit(next())) step(1);
    in_ideograph_ = is_ideograph(word);
    if (in_ideograph_ && is_at_ideograph()) {
      if (ideograph() != word) return Said::kNo;
      step(kIdeographBytes);
      return Said::kYes;
    }
    for (size_t i = 0; i < word.size(); ++i) {
      if (at_end()) return cut_ ? Said::kUnknown : Said::kNo;
      if (!is_ascii_byte(next())) return is_at_ideograph() ? Said::kNo : Said::kUnknown;
      if (ascii_lower(next()) != word[kForwards ? i : word.size() - 1 - i]) return Said::kNo;
      step(1);
    }
    return Said::kYes;
  }

  [[nodiscard]] size_t left() const { return kForwards ? text_.size() - at_ : at_; }
  [[nodiscard]] bool at_end() const { return left() == 0; }
  [[nodiscard]] char next() const { return text_[kForwards ? at_ : at_ - 1]; }
  [[nodiscard]] bool is_at_ideograph() const { return left() >= kIdeographBytes && begins_with_ideograph(ideograph()); }
  [[nodiscard]] std::string_view ideograph() const {
    return text_.substr(kForwards ? at_ : at_ - kIdeographBytes, kIdeographBytes);
  }
  void step(size_t bytes) { at_ = kForwards ? at_ + bytes : at_ - bytes; }

  const std::string_view text_;
  size_t at_;
  const bool cut_;
  bool in_ideograph_;  // the word that was taken is one
};

}  // namespace

std::optional<SentPhrase> SentPhrase::of(const Phrase& phrase) {
  const std::vector<TokenPattern>& tokens = phrase.tokens;
  size_t anchored = tokens.size();
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!is_looked_at(tokens[i])) continue;
    const bool rarer =
        anchored == tokens.size() || rarity(tokens[i].literal_prefix()) > rarity(tokens[anchored].literal_prefix());
    if (rarer) anchored = i;
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
  const std::string& anchor = anchor_.needle();
  Walk<true> forwards(text, at + anchor.size(), anchor, cut.after);
  Walk<false> backwards(text, at, anchor, cut.before);
  if (forwards.take_words(after_) != Said::kNo && backwards.take_words(before_) != Said::kNo) return true;
  if (cut.before && backwards.at() < kEscapeBytes) return true;
  const size_t begin = backwards.at() - std::min(backwards.at(), kEscapeBytes);
  const size_t end = std::min(forwards.at() + 1, text.size());
  return text.substr(begin, end - begin).find('\\') != std::string_view::npos;
}

}  // namespace kseek::tokenizer
