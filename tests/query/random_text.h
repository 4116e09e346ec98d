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

 private:
  std::string words();
  std::string json(const std::string& words);
  std::string bytes();
  std::string long_word();
  std::optional<Pair> phrase();
  void add_word(std::string& text, std::vector<OracleToken>& tokens);
  void add_pattern(std::string& text, std::vector<OracleToken>& tokens);

  std::mt19937_64 random_;
};

}  // namespace kseek::query
