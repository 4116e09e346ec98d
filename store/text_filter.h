// What a search looks for in a text column before its frames are spelled out: a frame that has none of it is left as it
// is stored. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/substring.h"

namespace kseek::store {

/// Immutable.
class TextFilter {
 public:
  /// What is kept beside the texts in which a needle stands.
  enum class Also : uint8_t {
    kNothing,
    kHiding,   ///< where folding may hide words (tokenizer/hidden_words.h)
    kUnplain,  ///< all texts that are not plain (TextColumn)
  };

  /// Nothing where a needle can't be looked for before it is spelled out: it is digits, mostly, or very long.
  [[nodiscard]] static std::optional<TextFilter> of(const std::vector<tokenizer::SubstringFinder>& needles, Also also);

  /// What passes both, or one of them.
  void add(const TextFilter& other);

  [[nodiscard]] bool keeps_unplain() const { return also_ == Also::kUnplain; }
  /// False only if none of the needles stands in what the packed text (hex_packing.h) spells, and nothing in it may
  /// hide words, if that is kept; also of plain text.
  [[nodiscard]] bool may_stand_in(std::string_view packed) const;
  /// A needle that stands across two frames is found in so many bytes of the end of the one and of the beginning of the
  /// other.
  [[nodiscard]] size_t seam_bytes() const { return seam_bytes_; }

 private:
  TextFilter() = default;

  std::vector<tokenizer::SubstringFinder> never_packed_;  // a part of each needle
  size_t seam_bytes_ = 0;
  Also also_ = Also::kNothing;
};

}  // namespace kseek::store
