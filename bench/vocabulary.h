// The words of the synthetic messages, and drawing them by Zipf's law. Immutable once made; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kseek::bench {

/// Words of at most 15 bytes; rank 0 has the highest probability, the others 1 / (rank + 1) of it.
class Vocabulary {
 public:
  /// A word in a slot of fixed size, so that copying one is a single 16-byte move.
  struct Slot {
    std::array<char, 15> text{};
    uint8_t size = 0;
    [[nodiscard]] std::string_view view() const { return {text.data(), size}; }
  };

  /// 40,000 Latin words: some of services and shops first, then made up of syllables.
  static const Vocabulary& latin();
  /// 8,000 Chinese words of one to three ideographs: some real ones first.
  static const Vocabulary& chinese();

  [[nodiscard]] size_t size() const { return slots_.size(); }
  [[nodiscard]] const Slot& at(size_t rank) const { return slots_[rank]; }
  /// Draws by Zipf's law from 64 random bits. Constant time: M. D. Vose, "A Linear Algorithm for Generating Random
  /// Numbers with a Given Distribution" (the alias method).
  [[nodiscard]] const Slot& draw(uint64_t random) const {
    const auto column = static_cast<size_t>(((random >> 32) * alias_.size()) >> 32);
    const Alias& alias = alias_[column];
    return slots_[static_cast<uint32_t>(random) < alias.threshold ? column : alias.other];
  }

 private:
  struct Alias {
    uint32_t threshold = UINT32_MAX;
    uint32_t other = 0;
  };
  explicit Vocabulary(std::vector<Slot> slots);

  std::vector<Slot> slots_;
  std::vector<Alias> alias_;
};

}  // namespace kseek::bench
