// A section of a stored block (all its keys, say): zstd frames of which each is decompressed when somebody wants what
// it spells. Internal to store/; docs/format.md has its bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kseek::store {

/// kCorrupt, with what is wrong with the block.
[[nodiscard]] Error damaged_block(std::string what);

/// How many frames spell a section.
[[nodiscard]] inline size_t frames_of(size_t section_bytes, size_t frame_raw_bytes) {
  return (section_bytes + frame_raw_bytes - 1) / frame_raw_bytes;
}

/// take() and the constructor: one thread. Anything else: any thread. The views live as long as the section.
class BlockSection {
 public:
  /// Takes the section's frames off the front of `bytes`; decompresses them at once, or keeps them for later: with
  /// `owner`, of whose bytes they are, or as a copy where that is null. `size`: bytes that they spell,
  /// `frame_raw_bytes` each and the last one what is left.
  Result<void> take(std::string_view& bytes, size_t size, size_t frame_raw_bytes, bool later,
                    const std::shared_ptr<const void>& owner);

  [[nodiscard]] size_t size() const { return size_; }
  /// All of it / from `begin` to `end` (where those are the same: the frame at that place).
  [[nodiscard]] bool is_loaded() const { return loaded_.load(std::memory_order_acquire); }
  [[nodiscard]] bool is_loaded(size_t begin, size_t end) const { return is_loaded() || has_frames(begin, end); }
  /// All of it / from `begin` to `end`, and what stands before that in its frame. kCorrupt: a frame does not spell what
  /// it has to.
  Result<void> load();
  Result<void> load(size_t begin, size_t end);
  /// REQUIRES: it is loaded there.
  [[nodiscard]] std::string_view piece(size_t begin, size_t end) const { return {bytes_.get() + begin, end - begin}; }

 private:
  [[nodiscard]] size_t first_frame(size_t begin) const;
  [[nodiscard]] size_t last_frame(size_t begin, size_t end) const;
  /// How much of the frame has to be there for what ends at `end`: a byte at least, so that nothing is not empty.
  [[nodiscard]] size_t needed_of(size_t frame, size_t end) const;
  [[nodiscard]] bool has_frames(size_t begin, size_t end) const;
  // REQUIRES, both: mu_ is held, or nobody else has the section yet.
  Result<void> load_all();
  Result<void> load_frame(size_t frame, size_t needed);

  size_t size_ = 0;             // constant after take()
  size_t frame_raw_bytes_ = 0;  // constant after take()
  std::mutex mu_;
  std::shared_ptr<const void> kept_;      // guarded by mu_: what frames_ points into; null once all is loaded
  std::vector<std::string_view> frames_;  // guarded by mu_: as above
  std::unique_ptr<char[]> bytes_;         // written under mu_ before frame_loaded_, or loaded_, says that it is there
  std::unique_ptr<std::atomic<uint32_t>[]> frame_loaded_;  // bytes of each frame; the array is constant after take()
  std::atomic<bool> loaded_{false};
};

}  // namespace kseek::store
