#include "tokenizer/json_text.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "tokenizer/ascii.h"
#include "tokenizer/json_escape.h"

namespace kseek::tokenizer {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// 0..15, or 16 for no hexadecimal digit.
unsigned hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const auto letter = static_cast<unsigned char>(c | 0x20);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10U : 16U;
}

/// Which containers are open: one bit each, the innermost last; words beyond the first 64 on the heap.
class Nesting {
 public:
  void push(bool object) {
    if (depth_ != 0 && depth_ % 64 == 0) outer_.push_back(bits_);
    bits_ = bits_ << 1 | static_cast<uint64_t>(object);
    ++depth_;
  }
  void pop() {
    bits_ >>= 1;
    --depth_;
    if (depth_ != 0 && depth_ % 64 == 0) {
      bits_ = outer_.back();
      outer_.pop_back();
    }
  }
  [[nodiscard]] bool in_object() const { return (bits_ & 1) != 0; }
  [[nodiscard]] bool empty() const { return depth_ == 0; }

 private:
  uint64_t bits_ = 0;
  size_t depth_ = 0;
  std::vector<uint64_t> outer_;
};

/// A recursive-descent grammar with the recursion kept in Nesting.
class Validator {
 public:
  explicit Validator(std::string_view text) : p_(text.data()), end_(text.data() + text.size()) {}

  bool container() {
    skip_space();
    if (p_ == end_ || (*p_ != '{' && *p_ != '[')) return false;
    do {
      if (!value_or_open() || !close_finished()) return false;
    } while (!nesting_.empty());
    return p_ == end_;
  }

 private:
  void skip_space() {
    while (p_ < end_ && is_space(*p_)) ++p_;
  }
  bool accept(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }

  /// Reads down to the next scalar or empty container: opens containers, and reads the names before values.
  bool value_or_open() {
    for (;;) {
      skip_space();
      if (p_ == end_) return false;
      const bool object = *p_ == '{';
      if (!object && *p_ != '[') return scalar();
      ++p_;
      skip_space();
      nesting_.push(object);
      if (p_ < end_ && *p_ == (object ? '}' : ']')) return true;  // close_finished() closes it
      if (object && !name()) return false;
    }
  }

  /// After a value: closes what ends here and steps over the comma (and name) to the next value, if there is one.
  bool close_finished() {
    while (!nesting_.empty()) {
      skip_space();
      const bool object = nesting_.in_object();
      if (accept(object ? '}' : ']')) {
        nesting_.pop();
        continue;
      }
      if (!accept(',')) return false;
      skip_space();
      return !object || name();
    }
    skip_space();
    return true;
  }

  bool name() {
    if (!accept('"') || !string_rest()) return false;
    skip_space();
    return accept(':');
  }

  bool scalar() {
    switch (*p_) {
      case '"': ++p_; return string_rest();
      case 't': return literal("true");
      case 'f': return literal("false");
      case 'n': return literal("null");
      default: return number();
    }
  }

  bool literal(std::string_view word) {
    if (static_cast<size_t>(end_ - p_) < word.size() || std::memcmp(p_, word.data(), word.size()) != 0) return false;
    p_ += word.size();
    return true;
  }

  bool digits() {
    const char* const first = p_;
    while (p_ < end_ && is_digit(*p_)) ++p_;
    return p_ != first;
  }

  bool number() {
    (void)accept('-');
    if (!accept('0') && !digits()) return false;
    if (accept('.') && !digits()) return false;
    if (accept('e') || accept('E')) {
      if (!accept('+')) (void)accept('-');
      if (!digits()) return false;
    }
    return true;
  }

  /// After the opening quote, over the closing one.
  bool string_rest() {
    for (;;) {
      p_ = skip_plain_string(p_, end_);
      if (p_ == end_) return false;
      if (accept('"')) return true;
      if (*p_ == '\\') {
        if (!escape()) return false;
      } else if (is_ascii_byte(*p_)) {
        return false;  // a control character
      } else {
        const Decoded decoded = decode_utf8(p_, end_);
        if (decoded.c == kReplacement && std::string_view(p_, decoded.length) != "\xEF\xBF\xBD") return false;
        p_ += decoded.length;
      }
    }
  }

  bool escape() {
    if (end_ - p_ < 2) return false;
    const char kind = p_[1];
    p_ += 2;
    if (kind != 'u') return std::strchr("\"\\/bfnrt", kind) != nullptr && kind != '\0';
    if (end_ - p_ < 4) return false;
    for (int i = 0; i < 4; ++i) {
      if (hex_value(p_[i]) > 15) return false;
    }
    p_ += 4;
    return true;
  }

  const char* p_;
  const char* end_;
  Nesting nesting_;
};

/// REQUIRES: four hexadecimal digits at p.
char32_t hex4(const char* p) {
  return hex_value(p[0]) << 12 | hex_value(p[1]) << 8 | hex_value(p[2]) << 4 | hex_value(p[3]);
}

}  // namespace

Decoded decode_json_escape(const char* p, const char* end) {
  switch (p[1]) {
    case 'b': return {'\b', 2};
    case 'f': return {'\f', 2};
    case 'n': return {'\n', 2};
    case 'r': return {'\r', 2};
    case 't': return {'\t', 2};
    case 'u': break;
    default: return {static_cast<char32_t>(p[1]), 2};
  }
  const char32_t unit = hex4(p + 2);
  if (unit < 0xD800 || unit > 0xDFFF) return {unit, 6};
  if (unit < 0xDC00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
    const char32_t low = hex4(p + 8);
    if (low >= 0xDC00 && low <= 0xDFFF) return {0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), 12};
  }
  return {kReplacement, 6};
}

bool is_json_container(std::string_view bytes) { return Validator(bytes).container(); }

void append_unescaped(std::string_view json, std::string& out) {
  out.reserve(out.size() + json.size());
  const char* p = json.data();
  const char* const end = p + json.size();
  while (p < end) {
    const void* found = std::memchr(p, '\\', static_cast<size_t>(end - p));
    const char* const escape = found != nullptr ? static_cast<const char*>(found) : end;
    out.append(p, escape);
    p = escape;
    if (p < end) {
      const Decoded decoded = decode_json_escape(p, end);
      char utf8[4];
      out.append(utf8, encode_utf8(decoded.c, utf8));
      p += decoded.length;
    }
  }
}

}  // namespace kseek::tokenizer
