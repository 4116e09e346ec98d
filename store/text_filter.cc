#include "store/text_filter.h"

#include <algorithm>

#include "store/hex_packing.h"

namespace kseek::store {
namespace {

/// Of a longer needle a part of so many bytes is enough to look for.
constexpr size_t kMaxPart = 64;

/// A longer needle could stand across three frames.
constexpr size_t kMaxNeedle = 4 * 1024;

}  // namespace

std::optional<TextFilter> TextFilter::of(const std::vector<tokenizer::SubstringFinder>& needles, bool unplain) {
  TextFilter filter;
  filter.unplain_ = unplain;
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
  unplain_ = unplain_ || other.unplain_;
}

bool TextFilter::may_stand_in(std::string_view packed) const {
  return std::any_of(never_packed_.begin(), never_packed_.end(), [packed](const tokenizer::SubstringFinder& part) {
    return part.find(packed) != std::string_view::npos;
  });
}

}  // namespace kseek::store
