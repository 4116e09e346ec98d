#include "store/block_section.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <span>
#include <utility>

#include "store/block_format.h"

namespace kseek::store {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  return context.get();
}

/// Takes one frame off the front of `bytes`.
Result<std::string_view> take_frame(std::string_view& bytes) {
  if (bytes.size() < kFrameSizeBytes) return damaged_block("a frame is missing");
  const uint64_t frame_bytes = get_fixed(bytes.substr(0, kFrameSizeBytes));
  bytes.remove_prefix(kFrameSizeBytes);
  if (frame_bytes > bytes.size()) return damaged_block("a frame is cut short");
  const std::string_view frame = bytes.substr(0, frame_bytes);
  bytes.remove_prefix(frame_bytes);
  return frame;
}

/// `frame` has to spell exactly `raw`.
Result<void> decompress(std::string_view frame, std::span<char> raw) {
  const size_t made = ZSTD_decompressDCtx(decompressor(), raw.data(), raw.size(), frame.data(), frame.size());
  if (ZSTD_isError(made) != 0) return damaged_block(fmt::format("zstd says: {}", ZSTD_getErrorName(made)));
  if (made != raw.size()) return damaged_block("a frame is shorter than its section");
  return {};
}

}  // namespace

Error damaged_block(std::string what) {
  return {ErrorCode::kCorrupt, "a stored block is damaged: " + std::move(what),
          "its messages can be taken in again with `kseek reindex TOPIC --source kafka`"};
}

Result<void> BlockSection::take(std::string_view& bytes, size_t size, size_t frame_raw_bytes, bool later) {
  size_ = size;
  frame_raw_bytes_ = frame_raw_bytes;
  const size_t frames = frames_of(size, frame_raw_bytes);
  const std::string_view before = bytes;
  frames_.reserve(frames);
  for (size_t i = 0; i < frames; ++i) {
    KSEEK_ASSIGN(const std::string_view frame, take_frame(bytes));
    frames_.push_back(frame);
  }
  frame_loaded_ = std::make_unique<std::atomic<bool>[]>(frames);
  if (!later || size == 0) return load_all();
  kept_ = before.substr(0, before.size() - bytes.size());
  for (std::string_view& frame : frames_) frame = {kept_.data() + (frame.data() - before.data()), frame.size()};
  return {};
}

size_t BlockSection::first_frame(size_t begin) const { return std::min(begin, size_ - 1) / frame_raw_bytes_; }

size_t BlockSection::last_frame(size_t begin, size_t end) const {
  return end > begin ? (end - 1) / frame_raw_bytes_ : first_frame(begin);
}

bool BlockSection::has_frames(size_t begin, size_t end) const {
  const size_t last = last_frame(begin, end);
  for (size_t frame = first_frame(begin); frame <= last; ++frame) {
    if (!frame_loaded_[frame].load(std::memory_order_acquire)) return false;
  }
  return true;
}

Result<void> BlockSection::load() {
  if (is_loaded()) return {};
  const std::lock_guard lock(mu_);
  return is_loaded() ? Result<void>() : load_all();
}

Result<void> BlockSection::load(size_t begin, size_t end) {
  if (is_loaded(begin, end)) return {};
  if (size_ <= frame_raw_bytes_) return load();  // one frame: then it is all there, and known to be
  const std::lock_guard lock(mu_);
  if (is_loaded()) return {};
  const size_t last = last_frame(begin, end);
  for (size_t frame = first_frame(begin); frame <= last; ++frame) KSEEK_TRY(load_frame(frame));
  return {};
}

Result<void> BlockSection::load_all() {
  for (size_t frame = 0; frame < frames_.size(); ++frame) KSEEK_TRY(load_frame(frame));
  loaded_.store(true, std::memory_order_release);
  frames_ = {};
  kept_ = {};
  return {};
}

Result<void> BlockSection::load_frame(size_t frame) {
  if (frame_loaded_[frame].load(std::memory_order_relaxed)) return {};
  if (bytes_ == nullptr) bytes_ = std::make_unique_for_overwrite<char[]>(size_);
  const size_t begin = frame * frame_raw_bytes_;
  KSEEK_TRY(decompress(frames_[frame], {bytes_.get() + begin, std::min(frame_raw_bytes_, size_ - begin)}));
  frame_loaded_[frame].store(true, std::memory_order_release);
  return {};
}

}  // namespace kseek::store
