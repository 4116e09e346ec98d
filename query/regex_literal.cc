#include "query/regex_literal.h"

namespace kseek::query {
namespace {

/// Escapes that match one character or place, none of them a letter or digit that stands for itself.
constexpr std::string_view kKnownEscapes = "dDwWsSbBAzntrfva";

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

class LiteralReader {
 public:
  explicit LiteralReader(std::string_view pattern) : rest_(pattern) {}

  std::string longest() {
    while (!rest_.empty()) {
      if (!step()) return {};
    }
    finish();
    return longest_;
  }

 private:
  /// Reads one piece of the pattern; false when it is one that the reader doesn't follow.
  bool step() {
    const char c = rest_.front();
    switch (c) {
      case '\\': return escape();
      case '(': return group();
      case '[': return char_class();
      case '{': return repeat();
      case '|':
      case ')': return false;
      case '*':
      case '?': drop_last(); break;
      case '.':
      case '^':
      case '$':
      case '+': finish(); break;
      default: run_ += c;
    }
    rest_.remove_prefix(1);
    return true;
  }

  void finish() {
    if (run_.size() > longest_.size()) longest_ = run_;
    run_.clear();
  }

  /// What is repeated may not be there at all.
  void drop_last() {
    while (!run_.empty()) {
      const bool begins_char = (static_cast<unsigned char>(run_.back()) & 0xC0) != 0x80;
      run_.pop_back();
      if (begins_char) break;
    }
    finish();
  }

  bool escape() {
    if (rest_.size() < 2) return false;
    const char c = rest_[1];
    if (!is_letter_or_digit(c) && static_cast<unsigned char>(c) < 0x80) {
      run_ += c;
    } else if (kKnownEscapes.find(c) != std::string_view::npos) {
      finish();
    } else {
      return false;
    }
    rest_.remove_prefix(2);
    return true;
  }

  /// {2} or {2,5}; a brace that is none of them is given up on.
  bool repeat() {
    const size_t close = rest_.find('}');
    if (close == std::string_view::npos ||
        rest_.substr(1, close - 1).find_first_not_of("0123456789,") != std::string_view::npos) {
      return false;
    }
    drop_last();
    rest_.remove_prefix(close + 1);
    return true;
  }

  bool char_class() {
    finish();
    rest_.remove_prefix(1);
    if (rest_.starts_with('^')) rest_.remove_prefix(1);
    if (rest_.starts_with(']')) rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != ']') {
      if (rest_.starts_with("[:")) {
        const size_t close = rest_.find(":]");
        if (close == std::string_view::npos) return false;
        rest_.remove_prefix(close + 2);
      } else if (rest_.front() == '\\') {
        if (rest_.size() < 2) return false;
        rest_.remove_prefix(2);
      } else {
        rest_.remove_prefix(1);
      }
    }
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Over the whole group, groups inside it included.
  bool group() {
    finish();
    size_t depth = 0;
    do {
      if (rest_.empty()) return false;
      switch (rest_.front()) {
        case '[':
          if (!char_class()) return false;
          continue;
        case '\\':
          if (rest_.size() < 2 || rest_[1] == 'Q') return false;
          rest_.remove_prefix(2);
          continue;
        case '(':
          if (rest_.starts_with("(?") && !rest_.starts_with("(?:") && !rest_.starts_with("(?P<")) return false;
          ++depth;
          break;
        case ')': --depth; break;
        default: break;
      }
      rest_.remove_prefix(1);
    } while (depth > 0);
    return true;
  }

  std::string_view rest_;
  std::string run_;
  std::string longest_;
};

}  // namespace

std::string required_literal(std::string_view pattern) { return LiteralReader(pattern).longest(); }

}  // namespace kseek::query
