#include "tokenizer/tokenizer.h"

#include <cassert>

#include "tokenizer/ascii.h"
#include "tokenizer/char_table.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

/// Cuts one text into tokens; begin_ and kind_ say which token reaches up to the current position.
class TokenCutter {
 public:
  TokenCutter(std::string_view text, std::vector<TokenSpan>& spans)
      : first_(text.data()), end_(text.data() + text.size()), spans_(spans) {}

  void run() {
    const char* p = first_;
    while (p < end_) p = is_ascii_byte(*p) ? ascii(p) : other(p);
    close(end_);
  }

 private:
  enum class Kind : uint8_t { kNone, kWord, kStandalone };

  void close(const char* at) {
    if (kind_ != Kind::kNone) spans_.push_back({begin_, static_cast<uint32_t>(at - first_)});
    kind_ = Kind::kNone;
  }
  void open(const char* at, Kind kind) {
    begin_ = static_cast<uint32_t>(at - first_);
    kind_ = kind;
  }

  /// From an ASCII character on, up to 64 bytes at a time while they are ASCII; where it stopped.
  const char* ascii(const char* p) {
    if (kind_ == Kind::kStandalone) close(p);
    while (p < end_) {
      const auto left = static_cast<size_t>(end_ - p);
      auto count = static_cast<unsigned>(left < 64 ? left : 64);
      AsciiMasks masks = ascii_masks(p, count);
      if (masks.high != 0) {
        count = static_cast<unsigned>(std::countr_zero(masks.high));
        masks.word &= (uint64_t{1} << count) - 1;
      }
      edges(p, masks.word, count);
      p += count;
      if (masks.high != 0) break;
    }
    return p;
  }

  /// Opens and closes words at the edges of the mask's runs.
  void edges(const char* p, uint64_t word, unsigned count) {
    const uint64_t before = word << 1 | static_cast<uint64_t>(kind_ == Kind::kWord);
    uint64_t changes = word ^ before;
    if (count < 64) changes &= (uint64_t{1} << count) - 1;
    for (; changes != 0; changes &= changes - 1) {
      const char* const at = p + std::countr_zero(changes);
      if (kind_ == Kind::kWord) {
        close(at);
      } else {
        open(at, Kind::kWord);
      }
    }
  }

  const char* other(const char* p) {
    do {
      const Decoded decoded = decode_utf8(p, end_);
      switch (table_.info(decoded.c).char_class()) {
        case CharClass::kSeparator: close(p); break;
        case CharClass::kStandalone:
          close(p);
          open(p, Kind::kStandalone);
          break;
        case CharClass::kWord:
          if (kind_ == Kind::kStandalone) close(p);
          if (kind_ == Kind::kNone) open(p, Kind::kWord);
          break;
        case CharClass::kMark:
          if (kind_ == Kind::kNone) open(p, Kind::kWord);
          break;
      }
      p += decoded.length;
    } while (p < end_ && !is_ascii_byte(*p));
    return p;
  }

  const CharTable& table_ = CharTable::instance();
  const char* const first_;
  const char* const end_;
  std::vector<TokenSpan>& spans_;
  uint32_t begin_ = 0;
  Kind kind_ = Kind::kNone;
};

/// The class of the character that ends just before `position`, which moves to its beginning. REQUIRES: position > 0.
CharClass class_before(const CharTable& table, std::string_view text, size_t& position) {
  const size_t end = position;
  do {
    --position;
  } while (position > 0 && is_continuation(text[position]));
  return table.info(decode_utf8(text.data() + position, text.data() + end).c).char_class();
}

}  // namespace

void find_tokens(std::string_view folded, std::vector<TokenSpan>& spans) { TokenCutter(folded, spans).run(); }

bool is_token_boundary(std::string_view folded, size_t position) {
  assert(position <= folded.size());
  if (position == 0 || position == folded.size()) return true;
  const CharTable& table = CharTable::instance();
  const char* const end = folded.data() + folded.size();
  const CharClass after = table.info(decode_utf8(folded.data() + position, end).c).char_class();
  if (after == CharClass::kSeparator || after == CharClass::kStandalone) return true;
  CharClass before = class_before(table, folded, position);
  if (before == CharClass::kSeparator) return true;
  if (after == CharClass::kMark) return false;
  while (before == CharClass::kMark && position > 0) before = class_before(table, folded, position);
  return before == CharClass::kStandalone;
}

std::string_view index_term(std::string_view token, std::string& scratch) {
  if (token.size() <= kMaxTermBytes) return token;
  size_t head = kMaxTermBytes;
  while (head > 0 && is_continuation(token[head])) --head;
  scratch.assign(token.substr(0, head));
  scratch.push_back(kCutMark);
  return scratch;
}

}  // namespace kseek::tokenizer
