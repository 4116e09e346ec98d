#include "store/text_filter.h"

#include <algorithm>

#include "store/hex_packing.h"
#include "tokenizer/hidden_words.h"

namespace kseek::store {
namespace {

/// Of a longer needle a part of so many bytes is enough to look for.
constexpr size_t kMaxPart = 64;

/// A longer needle could stand across three frames.
constexpr size_t kMaxNeedle = 4 * 1024;

/// A character that hides words, or the escape of one as far as it is looked at, has no more bytes.
constexpr size_t kHidingBytes = 4;

bool may_hide_words(std::string_view packed) {
  return tokenizer::may_hide_words(packed, {.ascii = false, .json_escapes = true});
}

}  // namespace

std::optional<TextFilter> TextFilter::of(const std::vector<tokenizer::SubstringFinder>& needles, Also also) {
  TextFilter filter;
  filter.also_ = also;
  if (also == Also::kHiding) filter.seam_bytes_ = kHidingBytes;
  for (const tokenizer::SubstringFinder& needle : needles) {
    const std::string_view part = never_packed(std::string_view(needle.needle()).substr(0, kMaxPart));
    if (part.empty() || needle.needle().size() > kMaxNeedle) return std::nullopt;
    filter.never_packed_.emplace_back(std::string(part), needle.letters());
    filter.seam_bytes_ = std::max(filter.seam_bytes_, 2 * needle.needle().size());  // packed, it is no longer
  }
  return filter;
}

void TextFilter::add(const TextFilter& other) {
  never_packed_.insert(never_packed_.end(), other.never_packed_.begin(), other.never_packed_.end());
  seam_bytes_ = std::max(seam_bytes_, other.seam_bytes_);
  also_ = std::max(also_, other.also_);
}

bool TextFilter::may_stand_in(std::string_view packed) const {
  const bool needle = std::any_of(
      never_packed_.begin(), never_packed_.end(),
      [packed](const tokenizer::SubstringFinder& part) { return part.find(packed) != std::string_view::npos; });
  return needle || (also_ == Also::kHiding && may_hide_words(packed));
}

}  // namespace kseek::store
