// The frames that spell a section of a stored block; docs/format.md has their bytes. Internal to store/.
//
// The first frame of a section spells itself. The others may repeat what it has, so that a message costs two short
// frames to read, and yet the section is hardly larger than in one piece.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/block_format.h"

namespace kseek::store {

/// kCorrupt, with what is wrong with the block.
[[nodiscard]] Error damaged_block(std::string what);

/// How many frames spell a section.
[[nodiscard]] inline size_t frames_of(size_t section_bytes, size_t frame_raw_bytes) {
  return (section_bytes + frame_raw_bytes - 1) / frame_raw_bytes;
}

/// A frame that is not compressed any more, but packed (hex_packing.h). No digits: its text is what it spells.
struct PackedFrame {
  std::string_view digits;
  std::string_view text;

  [[nodiscard]] size_t size() const { return digits.size() + text.size(); }
};

/// Appends the frames of kFrames that spell the section. Any thread.
void append_frames(std::string& out, std::string_view section);

/// Takes `frames` frames off the front of `bytes`; kCorrupt: they are cut short.
Result<std::string_view> take_frames(std::string_view& bytes, size_t frames);

/// Decompresses frames of a section. One thread, which has no other reader meanwhile: its readers share their memory.
class FrameReader {
 public:
  /// `frames`: all of the section's, from the first one on.
  FrameReader(std::string_view frames, const FrameFormat& format) : rest_(frames), format_(format) {}

  /// Goes to frame `frame`. REQUIRES: above the one it went to before. kCorrupt: it can't be decompressed, or is not
  /// there.
  Result<void> go_to(size_t frame);
  /// Its text, in which digits may be packed (hex_packing.h); until the next go_to(). REQUIRES: not zstd's.
  [[nodiscard]] std::string_view packed_text() const { return packed_.text; }
  /// What it spells, into `raw`, which has just room for it. kCorrupt: it spells something else.
  Result<void> spell(std::span<char> raw) const;

 private:
  std::string_view rest_;  // from frame next_ on
  const FrameFormat& format_;
  size_t next_ = 0;
  std::string_view zstd_frame_;
  PackedFrame packed_;
  size_t base_bytes_ = 0;  // of the first frame, decompressed
};

}  // namespace kseek::store
