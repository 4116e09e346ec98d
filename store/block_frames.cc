#include "store/block_frames.h"

#include <fmt/format.h>
#include <lz4.h>
#include <lz4hc.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <memory>
#include <utility>

#include "base/varint.h"
#include "store/hex_packing.h"

namespace kseek::store {
namespace {

constexpr int kCompressionLevel = 3;

struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

struct FreeLz4 {
  void operator()(LZ4_streamHC_t* stream) const { LZ4_freeStreamHC(stream); }
};

/// What a section's first frame says, packed, and right behind it what another one says: LZ4 repeats fastest what
/// stands before the place that it writes to, and reaches 64 KiB back.
using TwoFrames = std::array<char, 2 * kFrames.raw_bytes>;
static_assert(std::tuple_size_v<TwoFrames> <= 64_KiB);

struct Writer {
  std::unique_ptr<LZ4_streamHC_t, FreeLz4> stream{LZ4_createStreamHC()};
  TwoFrames packed_frames;
  HexPacked packed;

  /// Packs a frame's text to where it is compressed from; how many bytes of that are digits.
  size_t pack(std::string_view raw, char* to) {
    pack_hex(raw, packed);
    if (packed.size() >= raw.size()) {
      packed.digits.clear();
      packed.text = raw;
    }
    std::copy(packed.text.begin(), packed.text.end(), std::copy(packed.digits.begin(), packed.digits.end(), to));
    return packed.digits.size();
  }
};

Writer& writer() {
  thread_local const std::unique_ptr<Writer> each = std::make_unique<Writer>();
  return *each;
}

char* reading_memory() {
  thread_local const std::unique_ptr<TwoFrames> each = std::make_unique<TwoFrames>();
  return each->data();
}

ZSTD_DCtx* zstd_context() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeZstd> context = [] {
    std::unique_ptr<ZSTD_DCtx, FreeZstd> made(ZSTD_createDCtx());
    ZSTD_DCtx_setParameter(made.get(), ZSTD_d_windowLogMax, std::countr_zero(kOlderFrames.back().raw_bytes));
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

Result<void> read_zstd(std::string_view frame, std::span<char> raw) {
  const size_t made = ZSTD_decompressDCtx(zstd_context(), raw.data(), raw.size(), frame.data(), frame.size());
  if (ZSTD_isError(made) != 0) return damaged_block(fmt::format("zstd says: {}", ZSTD_getErrorName(made)));
  return made == raw.size() ? Result<void>() : damaged_block("a frame is shorter than its section");
}

bool unpack(const PackedFrame& packed, std::span<char> raw) {
  if (!packed.digits.empty()) return unpack_hex(packed.text, packed.digits, raw);
  if (packed.text.size() != raw.size()) return false;
  std::copy(packed.text.begin(), packed.text.end(), raw.begin());
  return true;
}

/// Into reading_memory(), after the `base_bytes` of the first frame.
Result<PackedFrame> read_lz4(std::string_view frame, size_t base_bytes) {
  const auto text_bytes = take_varint(frame);
  const auto digits_bytes = text_bytes ? take_varint(frame) : std::nullopt;
  if (!digits_bytes || *text_bytes > kFrames.raw_bytes || *digits_bytes > kFrames.raw_bytes - *text_bytes ||
      frame.size() > LZ4_COMPRESSBOUND(kFrames.raw_bytes)) {
    return damaged_block("the sizes of a frame are wrong");
  }
  const char* const base = reading_memory();
  char* const to = reading_memory() + base_bytes;
  const auto bytes = static_cast<int>(*text_bytes + *digits_bytes);
  const int made = LZ4_decompress_safe_usingDict(frame.data(), to, static_cast<int>(frame.size()), bytes, base,
                                                 static_cast<int>(base_bytes));
  if (made != bytes) return damaged_block("LZ4 can't decompress a frame");
  return PackedFrame{{to, *digits_bytes}, {to + *digits_bytes, *text_bytes}};
}

}  // namespace

Error damaged_block(std::string what) {
  return {ErrorCode::kCorrupt, "a stored block is damaged: " + std::move(what),
          "its messages can be taken in again with `kseek reindex TOPIC --source kafka`"};
}

void append_frames(std::string& out, std::string_view section) {
  Writer& to = writer();
  char* const base = to.packed_frames.data();
  int base_bytes = 0;
  for (size_t begin = 0; begin < section.size(); begin += kFrames.raw_bytes) {
    char* const packed = base + base_bytes;
    const size_t digits_bytes = to.pack(section.substr(begin, kFrames.raw_bytes), packed);
    const auto bytes = static_cast<int>(to.packed.size());
    if (begin == 0) {
      LZ4_resetStreamHC_fast(to.stream.get(), kCompressionLevel);
    } else {
      LZ4_loadDictHC(to.stream.get(), base, base_bytes);  // keeps the level
    }

    const size_t size_at = out.size();
    out.resize(size_at + kFrameSizeBytes);
    put_varint(out, to.packed.text.size());
    put_varint(out, digits_bytes);
    const size_t lz4_at = out.size();
    out.resize(lz4_at + static_cast<size_t>(LZ4_compressBound(bytes)));
    const int made = LZ4_compress_HC_continue(to.stream.get(), packed, out.data() + lz4_at, bytes,
                                              static_cast<int>(out.size() - lz4_at));
    assert(made > 0);
    out.resize(lz4_at + static_cast<size_t>(made));
    put_fixed(out.data() + size_at, out.size() - size_at - kFrameSizeBytes, kFrameSizeBytes);
    if (begin == 0) base_bytes = bytes;
  }
}

Result<std::string_view> take_frames(std::string_view& bytes, size_t frames) {
  const std::string_view before = bytes;
  for (; frames > 0; --frames) KSEEK_TRY(take_frame(bytes));
  return before.substr(0, before.size() - bytes.size());
}

Result<void> FrameReader::go_to(size_t frame) {
  assert(frame >= next_);
  for (; next_ <= frame; ++next_) {
    KSEEK_ASSIGN(const std::string_view bytes, take_frame(rest_));
    if (format_.zstd) {
      zstd_frame_ = bytes;
    } else if (next_ == 0 || next_ == frame) {
      KSEEK_ASSIGN(packed_, read_lz4(bytes, base_bytes_));
      if (next_ == 0) base_bytes_ = packed_.size();
    }
  }
  return {};
}

Result<void> FrameReader::spell(std::span<char> raw) const {
  if (format_.zstd) return read_zstd(zstd_frame_, raw);
  return unpack(packed_, raw) ? Result<void>() : damaged_block("a frame does not spell its part of the section");
}

}  // namespace kseek::store
