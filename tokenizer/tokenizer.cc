#include "tokenizer/tokenizer.h"

#include <bit>
#include <cassert>
#include <cstring>

#include "tokenizer/ascii.h"
#include "tokenizer/char_table.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

/// Cuts one text into tokens. It writes edges: where a token begins, where it ends, where the next one begins …; pairs
/// of them are spans, and an odd number of them means that a token is open.
class TokenCutter {
 public:
  TokenCutter(std::string_view text, std::vector<TokenSpan>& spans)
      : first_(text.data()), end_(text.data() + text.size()), spans_(spans) {}

  void run() {
    const char* p = first_;
    while (p < end_) p = is_ascii_byte(*p) ? ascii(p) : other(p);
    if (open()) edge(end_);
    flush();
  }

 private:
  static constexpr size_t kMaxEdges = 512;
  static constexpr size_t kBlock = 64;  // bytes of text between flushes: no more edges than two a character

  [[nodiscard]] bool open() const { return count_ % 2 != 0; }
  [[nodiscard]] bool is_ascii_run(const char* p) const {
    return is_ascii_byte(*p) && (p + 1 == end_ || is_ascii_byte(p[1]));
  }
  void edge(const char* at) { edges_[count_++] = static_cast<uint32_t>(at - first_); }

  /// Hands over the closed spans; the beginning of an open one stays.
  void flush() {
    const size_t closed = count_ / 2;
    const size_t before = spans_.size();
    spans_.resize(before + closed);
    static_assert(sizeof(TokenSpan) == 2 * sizeof(uint32_t));
    if (closed > 0) std::memcpy(spans_.data() + before, edges_, closed * sizeof(TokenSpan));
    if (open()) edges_[0] = edges_[count_ - 1];
    count_ -= 2 * closed;
  }
  void make_room() {
    if (count_ + 3 * kBlock > kMaxEdges) flush();
  }

  /// From an ASCII character on, up to 64 bytes at a time while they are ASCII; where it stopped.
  const char* ascii(const char* p) {
    if (standalone_ && open()) edge(p);
    standalone_ = false;
    while (p < end_) {
      const auto left = static_cast<size_t>(end_ - p);
      size_t count = left < kBlock ? left : kBlock;
      AsciiMasks masks = ascii_masks(p, count);
      if (masks.high != 0) {
        count = static_cast<size_t>(std::countr_zero(masks.high));
        masks.word &= (uint64_t{1} << count) - 1;
      }
      word_edges(p, masks.word, count);
      p += count;
      if (masks.high != 0) break;
    }
    return p;
  }

  /// The edges of the mask's runs: where a bit differs from the one before it.
  void word_edges(const char* p, uint64_t word, size_t count) {
    make_room();
    uint64_t changes = word ^ (word << 1 | static_cast<uint64_t>(open()));
    if (count < kBlock) changes &= (uint64_t{1} << count) - 1;
    const auto position = static_cast<uint32_t>(p - first_);
    uint32_t* to = edges_ + count_;
    count_ += static_cast<size_t>(std::popcount(changes));
    // Eight at a time, also when fewer are left: a branch for each would cost more (D. Lemire's flatten_bits).
    while (changes != 0) {
      for (size_t i = 0; i < 8; ++i) {
        to[i] = position + static_cast<uint32_t>(std::countr_zero(changes));
        changes &= changes - 1;
      }
      to += 8;
    }
  }

  /// From a character that is not ASCII on, up to two ASCII characters in a row; where it stopped.
  const char* other(const char* p) {
    while (p < end_ && !is_ascii_run(p)) {
      make_room();
      const char* const stop = p + (end_ - p < static_cast<ptrdiff_t>(kBlock) ? end_ - p : kBlock);
      uint32_t* to = edges_ + count_;  // in a register: an edge a character would wait for memory
      bool in_token = open();
      bool standalone = standalone_;
      Decoded decoded{};
      for (; p < stop && !is_ascii_run(p); p += decoded.length) {
        decoded = decode_common_utf8(p, end_);
        const CharClass char_class = table_.info(decoded.c).char_class();
        if (char_class == CharClass::kMark && in_token) continue;
        const bool alone = char_class == CharClass::kStandalone;
        const bool begins = char_class != CharClass::kSeparator;
        if (in_token && begins && !alone && !standalone) continue;
        const auto position = static_cast<uint32_t>(p - first_);
        *to = position;
        to += in_token ? 1 : 0;
        *to = position;
        to += begins ? 1 : 0;
        in_token = begins;
        standalone = alone;
      }
      count_ = static_cast<size_t>(to - edges_);
      standalone_ = standalone;
    }
    return p;
  }

  const CharTable& table_ = CharTable::instance();
  const char* const first_;
  const char* const end_;
  std::vector<TokenSpan>& spans_;
  size_t count_ = 0;
  bool standalone_ = false;  // the open token began with a standalone character
  uint32_t edges_[kMaxEdges];
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
  if (is_ascii_byte(folded[position - 1]) && is_ascii_byte(folded[position])) {
    return !is_ascii_letter_or_digit(folded[position - 1]) || !is_ascii_letter_or_digit(folded[position]);
  }
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
