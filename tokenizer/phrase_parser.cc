// parse_phrase: what was typed becomes characters and wildcards; these are cut into words by the rules of
// tokenizer.h, a wildcard being a letter; then the words of wildcards alone that touch a character that is a word of
// its own get their meaning.
#include <fmt/format.h>

#include "tokenizer/char_table.h"
#include "tokenizer/fold_engine.h"
#include "tokenizer/pattern.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

using Step = TokenPattern::Step;
using Kind = Step::Kind;

/// A word as it was cut from the phrase.
struct Word {
  std::vector<Step> steps;
  bool standalone = false;  ///< begins with a character that is a word of its own
  bool wildcards = true;    ///< nothing but wildcards
  bool after_space = true;  ///< a separator (or the phrase's end) stands before it
  [[nodiscard]] bool has_run() const {
    for (const Step& step : steps) {
      if (step.kind == Kind::kAnyRun) return true;
    }
    return false;
  }
};

/// Cuts literals and wildcards into words.
class WordCutter {
 public:
  void literal(std::string_view text) {
    folded_.clear();
    fold_text(text, folded_);
    const std::string_view folded = folded_.view();
    const char* const end = folded.data() + folded.size();
    for (const char* p = folded.data(); p < end;) {
      const Decoded decoded = decode_utf8(p, end);
      character(CharTable::instance().info(decoded.c).char_class(), {p, decoded.length});
      p += decoded.length;
    }
  }

  void wildcard(Kind kind) {
    Word& word = continued(CharClass::kWord);
    word.steps.push_back({kind, {}});
  }

  std::vector<Word> take() { return std::move(words_); }

 private:
  void character(CharClass char_class, std::string_view bytes) {
    if (char_class == CharClass::kSeparator) {
      in_word_ = false;
      return;
    }
    Word& word = continued(char_class);
    word.wildcards = false;
    if (!word.steps.empty() && word.steps.back().kind == Kind::kLiteral) {
      word.steps.back().literal += bytes;
    } else {
      word.steps.push_back({Kind::kLiteral, std::string(bytes)});
    }
  }

  /// The word that a character of this class belongs to.
  Word& continued(CharClass char_class) {
    const bool alone = char_class == CharClass::kStandalone;
    const bool joins = in_word_ && (char_class == CharClass::kMark || (!alone && !words_.back().standalone));
    if (!joins) {
      words_.emplace_back();
      words_.back().standalone = alone;
      words_.back().after_space = !in_word_;
    }
    in_word_ = true;
    return words_.back();
  }

  FoldBuffer folded_;
  std::vector<Word> words_;
  bool in_word_ = false;
};

std::vector<Word> cut_words(std::string_view text) {
  WordCutter cutter;
  std::string literal;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '*' || c == '?') {
      cutter.literal(literal);
      literal.clear();
      cutter.wildcard(c == '*' ? Kind::kAnyRun : Kind::kAnyOne);
      continue;
    }
    const bool escape =
        c == '\\' && i + 1 < text.size() && std::string_view("*?\\\":").find(text[i + 1]) != std::string_view::npos;
    literal += escape ? text[++i] : c;
  }
  cutter.literal(literal);
  return cutter.take();
}

/// Whether the word `i` stands right before or after one that begins with a character that is a word of its own.
bool touches_standalone(const std::vector<Word>& words, size_t i) {
  const bool before = i > 0 && !words[i].after_space && words[i - 1].standalone;
  const bool after = i + 1 < words.size() && !words[i + 1].after_space && words[i + 1].standalone;
  return before || after;
}

}  // namespace

Result<Phrase> parse_phrase(std::string_view text) {
  std::vector<Word> words = cut_words(text);
  if (words.empty()) {
    return Error{
        ErrorCode::kInvalid, fmt::format("\"{}\" has no letters or digits", text),
        "write at least one letter, digit or wildcard; a query can look for other characters by a regular expression, "
        "as in value:/…/"};
  }
  Phrase phrase;
  for (size_t i = 0; i < words.size(); ++i) {
    Word& word = words[i];
    if (!word.wildcards || !touches_standalone(words, i)) {
      phrase.tokens.push_back(TokenPattern::of(std::move(word.steps)));
      continue;
    }
    if (word.has_run() && i > 0 && i + 1 < words.size()) {
      return Error{
          ErrorCode::kInvalid,
          fmt::format("in \"{}\" a * stands next to a character that is a word of its own, inside the phrase", text),
          "a * reaches over one word only: write one ? for each such character in between, or search for the "
          "two sides as two conditions"};
    }
    for (const Step& step : word.steps) {
      if (step.kind == Kind::kAnyOne) phrase.tokens.push_back(TokenPattern::of({step}));
    }
  }
  return phrase;
}

}  // namespace kseek::tokenizer
