#include "store/block_section.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "store/block_format.h"
#include "store/owned_bytes.h"

namespace kseek::store {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context = [] {
    std::unique_ptr<ZSTD_DCtx, FreeContext> made(ZSTD_createDCtx());
    ZSTD_DCtx_setParameter(made.get(), ZSTD_d_windowLogMax, std::countr_zero(kOldFrameRawBytes));
    return made;
  }();
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

Result<void> check(size_t zstd_result) {
  if (ZSTD_isError(zstd_result) == 0) return {};
  return damaged_block(fmt::format("zstd says: {}", ZSTD_getErrorName(zstd_result)));
}

Result<void> too_short() { return damaged_block("a frame is shorter than its section"); }

/// `frame` has to spell exactly `raw`.
Result<void> decompress(std::string_view frame, std::span<char> raw) {
  const size_t made = ZSTD_decompressDCtx(decompressor(), raw.data(), raw.size(), frame.data(), frame.size());
  KSEEK_TRY(check(made));
  return made == raw.size() ? Result<void>() : too_short();
}

/// `frame` has to spell `raw` and then whatever: that is left alone, but for the rest of a zstd block.
Result<void> decompress_head(std::string_view frame, std::span<char> raw) {
  ZSTD_DCtx_reset(decompressor(), ZSTD_reset_session_only);
  ZSTD_inBuffer in{frame.data(), frame.size(), 0};
  ZSTD_outBuffer out{raw.data(), raw.size(), 0};
  KSEEK_TRY(check(ZSTD_decompressStream(decompressor(), &out, &in)));
  return out.pos == raw.size() ? Result<void>() : too_short();
}

}  // namespace

Error damaged_block(std::string what) {
  return {ErrorCode::kCorrupt, "a stored block is damaged: " + std::move(what),
          "its messages can be taken in again with `kseek reindex TOPIC --source kafka`"};
}

Result<void> BlockSection::take(std::string_view& bytes, size_t size, size_t frame_raw_bytes, bool later,
                                const std::shared_ptr<const void>& owner) {
  size_ = size;
  frame_raw_bytes_ = frame_raw_bytes;
  const size_t frames = frames_of(size, frame_raw_bytes);
  const std::string_view before = bytes;
  frames_.reserve(frames);
  for (size_t i = 0; i < frames; ++i) {
    KSEEK_ASSIGN(const std::string_view frame, take_frame(bytes));
    frames_.push_back(frame);
  }
  frame_loaded_ = std::make_unique<std::atomic<uint32_t>[]>(frames);
  if (!later || size == 0) return load_all();
  kept_ = owner;
  if (kept_) return {};
  const OwnedBytes copy(std::string(before.substr(0, before.size() - bytes.size())));
  kept_ = copy.owner();
  for (std::string_view& frame : frames_) frame = copy.view().substr(frame.data() - before.data(), frame.size());
  return {};
}

size_t BlockSection::first_frame(size_t begin) const { return std::min(begin, size_ - 1) / frame_raw_bytes_; }

size_t BlockSection::last_frame(size_t begin, size_t end) const {
  return end > begin ? (end - 1) / frame_raw_bytes_ : first_frame(begin);
}

size_t BlockSection::needed_of(size_t frame, size_t end) const {
  return std::clamp<size_t>(end - frame * frame_raw_bytes_, 1, frame_raw_bytes_);
}

bool BlockSection::has_frames(size_t begin, size_t end) const {
  const size_t last = last_frame(begin, end);
  for (size_t frame = first_frame(begin); frame <= last; ++frame) {
    if (frame_loaded_[frame].load(std::memory_order_acquire) < needed_of(frame, end)) return false;
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
  for (size_t frame = first_frame(begin); frame <= last; ++frame) KSEEK_TRY(load_frame(frame, needed_of(frame, end)));
  return {};
}

Result<void> BlockSection::load_all() {
  for (size_t frame = 0; frame < frames_.size(); ++frame) KSEEK_TRY(load_frame(frame, frame_raw_bytes_));
  loaded_.store(true, std::memory_order_release);
  frames_ = {};
  kept_ = nullptr;
  return {};
}

Result<void> BlockSection::load_frame(size_t frame, size_t needed) {
  std::atomic<uint32_t>& loaded = frame_loaded_[frame];
  const size_t before = loaded.load(std::memory_order_relaxed);
  const size_t begin = frame * frame_raw_bytes_;
  const size_t all = std::min(frame_raw_bytes_, size_ - begin);
  needed = std::min(needed, all);
  if (before >= needed) return {};
  if (bytes_ == nullptr) bytes_ = std::make_unique_for_overwrite<char[]>(size_);
  const std::span<char> raw(bytes_.get() + begin, all);
  if (before > 0) {  // who asks twice may go on asking; and what is there is being read
    const auto again = std::make_unique_for_overwrite<char[]>(all);
    needed = all;
    KSEEK_TRY(decompress(frames_[frame], {again.get(), all}));
    std::copy(again.get() + before, again.get() + all, raw.begin() + static_cast<std::ptrdiff_t>(before));
  } else if (needed < all) {
    KSEEK_TRY(decompress_head(frames_[frame], raw.first(needed)));
  } else {
    KSEEK_TRY(decompress(frames_[frame], raw));
  }
  loaded.store(static_cast<uint32_t>(needed), std::memory_order_release);
  return {};
}

}  // namespace kseek::store
