// A section of a stored block (all its keys, say), of which each frame is decompressed when somebody wants what it
// spells. Internal to store/; docs/format.md has its bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

#include "base/result.h"
#include "store/block_frames.h"
#include "store/loaded_parts.h"
#include "store/text_filter.h"

namespace kseek::store {

/// take() and the constructor: one thread. Anything else: any thread. The views live as long as the section.
class BlockSection {
 public:
  /// Takes the section's frames off the front of `bytes`; decompresses them at once, or keeps them for later: with
  /// `owner`, of whose bytes they are, or as a copy where that is null. `size`: bytes that they spell.
  Result<void> take(std::string_view& bytes, size_t size, const FrameFormat& format, bool later,
                    const std::shared_ptr<const void>& owner);

  [[nodiscard]] size_t size() const { return size_; }
  /// All of it / from `begin` to `end` (where those are the same: the frame at that place).
  [[nodiscard]] bool is_loaded() const { return loaded_.load(std::memory_order_acquire); }
  [[nodiscard]] bool is_loaded(size_t begin, size_t end) const { return is_loaded() || has_frames(begin, end); }
  [[nodiscard]] LoadedParts loaded_parts() const;
  /// All of it / from `begin` to `end`, and what else its frames spell. kCorrupt: a frame does not spell what it has
  /// to.
  Result<void> load();
  Result<void> load(size_t begin, size_t end);
  /// From `begin` to `end` the frames that the filter's needles may stand in, and those that include(add) adds:
  /// add(begin, end). The second time all of them: what is searched again and again is not decompressed each time.
  template <class Include>
  Result<void> load_where(size_t begin, size_t end, const TextFilter& filter, Include&& include) {
    if (is_loaded(begin, end)) return {};
    if (!has_choice()) return load(begin, end);
    uint64_t wanted = 0;
    include([&](size_t from, size_t to) { wanted |= frames_at(from, to); });
    return load_where(frames_at(begin, end), filter, wanted);
  }
  /// REQUIRES: it is loaded there.
  [[nodiscard]] std::string_view piece(size_t begin, size_t end) const { return {bytes_.get() + begin, end - begin}; }

 private:
  /// Frames of a section that is loaded in parts; of one that has more, all are loaded at once.
  static constexpr size_t kMostFrames = 64;

  [[nodiscard]] size_t frames() const { return frames_of(size_, format_->raw_bytes); }
  /// Frames can be looked at before they are spelled out.
  [[nodiscard]] bool has_choice() const { return size_ > 0 && frames() <= kMostFrames && !format_->zstd; }
  /// The bits in loaded_frames_ of the frames from `begin` to `end`. REQUIRES: size_ > 0, frames() <= kMostFrames.
  [[nodiscard]] uint64_t frames_at(size_t begin, size_t end) const;
  [[nodiscard]] bool has_frames(size_t begin, size_t end) const;
  /// Loads those of `wanted`, and of `among` those that may have what the filter looks for. REQUIRES: has_choice();
  /// `wanted` is among them.
  Result<void> load_where(uint64_t among, const TextFilter& filter, uint64_t wanted);

  // REQUIRES, all of them: mu_ is held, or nobody else has the section yet.
  /// Spells out those of which wanted(frame) says so.
  template <class Wanted>
  Result<void> read_frames(Wanted&& wanted);
  /// Those of `wanted` that are not loaded yet.
  Result<void> load_frames(uint64_t wanted);
  Result<void> load_all();
  /// Says that the frames of `loaded`, or all, can be read.
  void publish(uint64_t loaded);
  void publish_all();
  void make_room();
  [[nodiscard]] std::span<char> place_of(size_t frame) const;

  size_t size_ = 0;                       // constant after take()
  const FrameFormat* format_ = &kFrames;  // constant after take()
  std::mutex mu_;
  std::shared_ptr<const void> kept_;  // guarded by mu_: what frames_ points into; null once all is loaded
  std::string_view frames_;           // guarded by mu_
  bool looked_through_ = false;       // guarded by mu_: for what a filter keeps
  std::unique_ptr<char[]> bytes_;     // written under mu_ before loaded_frames_, or loaded_, says that it is there
  std::atomic<uint64_t> loaded_frames_{0};  // a bit a frame
  std::atomic<bool> loaded_{false};
};

}  // namespace kseek::store
