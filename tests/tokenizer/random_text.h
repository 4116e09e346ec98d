// Random texts for property tests: the scripts, marks and broken bytes in which folding and tokenising may go wrong.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tokenizer/utf8.h"

namespace kseek::tokenizer {

/// The seed of a test run, from KSEEK_SEED or drawn; every test prints it when it fails.
uint64_t test_seed();

class RandomText {
 public:
  explicit RandomText(uint64_t seed) : random_(seed) {}

  /// [0, n)
  size_t below(size_t n) { return static_cast<size_t>(random_() % n); }
  bool one_in(size_t n) { return below(n) == 0; }

  /// Up to `max_chars` characters of a few scripts each time, so that neighbours interact; may be ill-formed.
  std::string any(size_t max_chars);
  /// Characters drawn from `alphabet`, up to `max_chars`.
  std::string of(const std::vector<std::string>& alphabet, size_t max_chars);

 private:
  struct Range {
    char32_t first, last;
  };
  static const std::vector<Range>& scripts();
  void append_char(const Range& range, std::string& out);
  void append_broken(std::string& out);

  std::mt19937_64 random_;
};

inline std::string utf8(char32_t c) {
  char bytes[4];
  return {bytes, encode_utf8(c, bytes)};
}

}  // namespace kseek::tokenizer
