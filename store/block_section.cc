#include "store/block_section.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "store/owned_bytes.h"

namespace kseek::store {

Result<void> BlockSection::take(std::string_view& bytes, size_t size, const FrameFormat& format, bool later,
                                const std::shared_ptr<const void>& owner) {
  size_ = size;
  format_ = &format;
  KSEEK_ASSIGN(frames_, take_frames(bytes, frames()));
  if (!later || size == 0) return load_all();
  kept_ = owner;
  if (kept_) return {};
  const OwnedBytes copy{std::string(frames_)};
  kept_ = copy.owner();
  frames_ = copy.view();
  return {};
}

uint64_t BlockSection::frames_at(size_t begin, size_t end) const {
  const size_t first = std::min(begin, size_ - 1) / format_->raw_bytes;
  const size_t last = end > begin ? (end - 1) / format_->raw_bytes : first;
  return (~uint64_t{0} << first) & (~uint64_t{0} >> (kMostFrames - 1 - last));
}

bool BlockSection::has_frames(size_t begin, size_t end) const {
  if (size_ == 0 || frames() > kMostFrames) return false;
  const uint64_t wanted = frames_at(begin, end);
  return (loaded_frames_.load(std::memory_order_acquire) & wanted) == wanted;
}

LoadedParts BlockSection::loaded_parts() const {
  if (is_loaded()) return {};
  return LoadedParts(loaded_frames_.load(std::memory_order_acquire), format_->raw_bytes);
}

Result<void> BlockSection::load() {
  if (is_loaded()) return {};
  const std::lock_guard lock(mu_);
  return is_loaded() ? Result<void>() : load_all();
}

Result<void> BlockSection::load(size_t begin, size_t end) {
  if (is_loaded(begin, end)) return {};
  if (frames() > kMostFrames || frames() == 1) return load();  // one frame: then it is all there, and known to be
  const std::lock_guard lock(mu_);
  return is_loaded() ? Result<void>() : load_frames(frames_at(begin, end));
}

template <class Wanted>
Result<void> BlockSection::read_frames(Wanted&& wanted) {
  make_room();
  FrameReader reader(frames_, *format_);
  for (size_t frame = 0; frame < frames(); ++frame) {
    if (!wanted(frame)) continue;
    KSEEK_TRY(reader.go_to(frame));
    KSEEK_TRY(reader.spell(place_of(frame)));
  }
  return {};
}

Result<void> BlockSection::load_frames(uint64_t wanted) {
  const uint64_t before = loaded_frames_.load(std::memory_order_relaxed);
  KSEEK_TRY(read_frames([left = wanted & ~before](size_t frame) { return (left >> frame & 1) != 0; }));
  publish(before | wanted);
  return {};
}

Result<void> BlockSection::load_where(uint64_t among, const TextFilter& filter, uint64_t wanted) {
  const std::lock_guard lock(mu_);
  if (is_loaded()) return {};
  uint64_t loaded = loaded_frames_.load(std::memory_order_relaxed);
  if ((among & ~loaded) == 0) return {};
  if (std::exchange(looked_through_, true)) return load_frames(among);
  FrameReader reader(frames_, *format_);
  std::string seam;  // the end of the frame before, and the beginning of this one
  for (uint64_t left = among; left != 0; left &= left - 1) {
    const auto frame = static_cast<size_t>(std::countr_zero(left));
    const uint64_t bit = uint64_t{1} << frame;
    const bool known = (loaded & bit) != 0;
    if (!known) KSEEK_TRY(reader.go_to(frame));
    std::string_view text = reader.packed_text();
    if (known) {
      const std::span<const char> place = place_of(frame);
      text = {place.data(), place.size()};
    }
    seam.append(text.substr(0, filter.seam_bytes()));
    if (filter.may_stand_in(seam)) wanted |= (among & (bit >> 1)) | bit;
    seam = text.substr(text.size() - std::min(text.size(), filter.seam_bytes()));
    if (known || ((wanted & bit) == 0 && !filter.may_stand_in(text))) continue;
    make_room();
    KSEEK_TRY(reader.spell(place_of(frame)));
    loaded |= bit;
  }
  publish(loaded);
  return (wanted & ~loaded) == 0 ? Result<void>() : load_frames(wanted);  // those before a seam
}

void BlockSection::publish(uint64_t loaded) {
  loaded_frames_.store(loaded, std::memory_order_release);
  if (loaded == frames_at(0, size_)) publish_all();
}

void BlockSection::publish_all() {
  loaded_.store(true, std::memory_order_release);
  frames_ = {};
  kept_ = nullptr;
}

void BlockSection::make_room() {
  if (bytes_ == nullptr && size_ > 0) bytes_ = std::make_unique_for_overwrite<char[]>(size_);
}

Result<void> BlockSection::load_all() {
  const uint64_t before = loaded_frames_.load(std::memory_order_relaxed);  // they may be being read
  KSEEK_TRY(read_frames([&](size_t frame) { return frame >= kMostFrames || (before >> frame & 1) == 0; }));
  publish_all();
  return {};
}

std::span<char> BlockSection::place_of(size_t frame) const {
  const size_t begin = frame * format_->raw_bytes;
  return {bytes_.get() + begin, std::min(format_->raw_bytes, size_ - begin)};
}

}  // namespace kseek::store
