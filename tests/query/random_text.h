// Random texts and conditions for the oracle test: a small vocabulary, so that messages and queries collide, with what
// is hard about text in it (cases, widths, marks, scripts without spaces, escapes, cut tokens, any bytes).
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/query/oracle.h"

namespace kseek::query {

void append_utf8(std::string& out, int32_t c);

class RandomText {
 public:
  explicit RandomText(uint64_t seed) : random_(seed) {}

  uint64_t below(uint64_t n) { return random_() % n; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  template <class Item>
  const Item& pick(const std::vector<Item>& items) {
    return items[below(items.size())];
  }

  /// The bytes of a key or value, and its tokens by the reference tokenizer.
  struct Text {
    std::optional<std::string> bytes;
    std::vector<std::string> tokens;
  };
  Text text();

  /// A condition and what the oracle makes of it. nullopt: the text had no words (parsing must have failed).
  struct Pair {
    Condition condition;
    OracleCondition oracle;
  };
  std::optional<Pair> condition(int depth);

  std::string words();
  /// Append a word of text, or a word with wildcards (never next to a character that is a word of its own), and what
  /// it is to the oracle.
  void add_word(std::string& text, std::vector<OracleToken>& tokens);
  void add_pattern(std::string& text, std::vector<OracleToken>& tokens);

 private:
  std::string json(const std::string& words);
  std::string bytes();
  std::string long_word();
  std::optional<Pair> phrase();

  std::mt19937_64 random_;
};

}  // namespace kseek::query
