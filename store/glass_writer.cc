#include "store/glass_writer.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "base/varint.h"

namespace kseek::store {
namespace {

// A B-tree block: revision u32, level u8, largest free piece u16, free bytes u16, end of the directory u16, then the
// directory (u16 each: where an item begins), free space, the items. All of them big-endian.
constexpr size_t kDirectoryStart = 11;
constexpr size_t kDirectoryEntry = 2;
// A leaf's item: u16 (its bytes - 3, with these two flags), u8 bytes of key, key, tag.
constexpr size_t kLeafOverhead = 3;
constexpr uint32_t kFirstAndLastPart = 0x6000;
// A branch's item: u32 block, u8 bytes of key, key, u16 (1: the key's first part; 0 for the empty key).
constexpr size_t kBranchOverhead = 7;

constexpr uint32_t kRevision = 1;
constexpr std::string_view kMagic = "\x0F\x0DXapian Glass\x04\x6E";  // and the format's version, of 2016-03-14
constexpr std::string_view kUuid = "kseek segment 01";               // Xapian wants 16 bytes; nobody compares them
constexpr std::string_view kMetadataPrefix("\0\xC0", 2);
constexpr unsigned kMinCompressed = 18;  // tags from so many bytes are compressed, in the tables that we don't have

void put_big(char* to, uint64_t n, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(n >> (8 * (bytes - 1 - i)));
}

/// Where a B-tree's root is.
void put_root(std::string& out, uint32_t root, uint32_t levels, uint64_t entries, size_t block_bytes,
              unsigned min_compressed, std::string_view free_list) {
  const bool absent = entries == 0;
  put_varint(out, root);
  put_varint(out, levels << 2 | 2 /* filled in order */ | (absent ? 1 : 0));
  put_varint(out, entries);
  put_varint(out, block_bytes >> 11);
  put_varint(out, min_compressed);
  put_varint(out, free_list.size());
  out += free_list;
}

}  // namespace

GlassWriter::GlassWriter(std::filesystem::path directory) : directory_(std::move(directory)) {}

GlassWriter::~GlassWriter() = default;

Result<std::unique_ptr<GlassWriter>> GlassWriter::create(const std::filesystem::path& directory) {
  std::unique_ptr<GlassWriter> writer(new GlassWriter(directory));  // NOLINT: the constructor is private
  const std::filesystem::path path = directory / "postlist.glass";
  writer->file_.reset(std::fopen(path.c_str(), "wbe"));
  if (writer->file_ == nullptr) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("can't create {}: {}", path.string(), std::generic_category().message(errno)),
                 "check space and permissions of the data directory"};
  }
  writer->start_block();
  put_big(writer->place(kLeafOverhead), kFirstAndLastPart << 8, 3);  // each tree begins with an item without a key
  writer->children_.push_back({"", 0});
  return writer;
}

void GlassWriter::start_block() {
  directory_end_ = kDirectoryStart;
  items_begin_ = kBlockBytes;
}

/// Room for an item in the block; there must be some.
char* GlassWriter::place(size_t bytes) {
  assert(directory_end_ + kDirectoryEntry + bytes <= items_begin_);
  items_begin_ -= bytes;
  put_big(block_.data() + directory_end_, items_begin_, kDirectoryEntry);
  directory_end_ += kDirectoryEntry;
  return block_.data() + items_begin_;
}

void GlassWriter::write_block(unsigned level) {
  const size_t free_bytes = items_begin_ - directory_end_;
  put_big(block_.data(), kRevision, 4);
  put_big(block_.data() + 4, level, 1);
  put_big(block_.data() + 5, free_bytes, 2);
  put_big(block_.data() + 7, free_bytes, 2);
  put_big(block_.data() + 9, directory_end_, 2);
  std::memset(block_.data() + directory_end_, 0, free_bytes);
  if (error_ == 0 && std::fwrite(block_.data(), kBlockBytes, 1, file_.get()) != 1) error_ = errno != 0 ? errno : EIO;
  ++blocks_written_;
  start_block();
}

size_t GlassWriter::room() const {
  constexpr size_t kOverhead = kDirectoryEntry + kLeafOverhead + kMetadataPrefix.size();
  constexpr size_t kFirstItem = kDirectoryEntry + kLeafOverhead;
  static_assert(kMaxItemBytes + kDirectoryStart + kFirstItem + kOverhead <= kBlockBytes);
  const size_t free_bytes = items_begin_ - directory_end_;
  constexpr size_t kNearlyFull = 1024;
  return free_bytes < kNearlyFull ? kMaxItemBytes : std::min(free_bytes - kOverhead, kMaxItemBytes);
}

void GlassWriter::add(std::string_view key, std::string_view value) {
  assert(!key.empty() && key.size() <= kMaxKeyBytes && !value.empty() && key.size() + value.size() <= kMaxItemBytes);
  key_.assign(kMetadataPrefix).append(key);
  assert(last_key_ < key_);
  const size_t bytes = kLeafOverhead + key_.size() + value.size();
  if (directory_end_ + kDirectoryEntry + bytes > items_begin_) {
    write_block(0);
    size_t same = 0;  // the shortest separator that is above the last key is the common head and a byte
    while (same < last_key_.size() && last_key_[same] == key_[same]) ++same;
    children_.push_back({key_.substr(0, same + 1), blocks_written_});
  }
  char* const item = place(bytes);
  put_big(item, (bytes - kLeafOverhead) | kFirstAndLastPart, 2);
  put_big(item + 2, key_.size(), 1);
  std::memcpy(item + kLeafOverhead, key_.data(), key_.size());
  std::memcpy(item + kLeafOverhead + key_.size(), value.data(), value.size());
  std::swap(last_key_, key_);
  ++entries_;
}

/// The levels above the leaves, which are children_; returns the root's block.
uint32_t GlassWriter::write_branches() {
  while (children_.size() > 1) {
    ++levels_;
    std::vector<Child> parents;
    for (const Child& child : children_) {
      const bool full = directory_end_ + kDirectoryEntry + kBranchOverhead + child.separator.size() > items_begin_;
      if (full) write_block(levels_);
      const bool first = directory_end_ == kDirectoryStart;
      if (first) parents.push_back({child.separator, blocks_written_});
      const std::string_view key = first ? std::string_view("") : child.separator;  // not null: memcpy takes none
      char* const item = place(kBranchOverhead + key.size());
      put_big(item, child.block, 4);
      put_big(item + 4, key.size(), 1);
      std::memcpy(item + 5, key.data(), key.size());
      put_big(item + 5 + key.size(), first ? 0 : 1, 2);
    }
    write_block(levels_);
    children_ = std::move(parents);
  }
  return children_.front().block;
}

Result<void> GlassWriter::write_version(uint32_t root, uint32_t levels) {
  std::string out;
  out += kMagic;
  out += kUuid;
  put_varint(out, kRevision);
  std::string free_list;  // its revision, the first block number that is not used, and that there are no others
  put_varint(free_list, kRevision);
  put_varint(free_list, blocks_written_);
  free_list.append(4, '\0');
  put_root(out, root, levels, entries_, kBlockBytes, 0, free_list);
  for (const unsigned min_compressed : {kMinCompressed, kMinCompressed, 0U, kMinCompressed, kMinCompressed}) {
    put_root(out, 0, 0, 0, kBlockBytes, min_compressed, "");  // document data, term list, positions, spelling, synonyms
  }
  out.append(8, '\0');  // documents, gaps in the docids, bounds and sums of lengths, oldest change set, spelling: 0

  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen((directory_ / "iamglass").c_str(), "wbe"));
  if (file == nullptr || std::fwrite(out.data(), out.size(), 1, file.get()) != 1 || std::fflush(file.get()) != 0) {
    error_ = errno != 0 ? errno : EIO;
  }
  if (error_ == 0) return {};
  return Error{ErrorCode::kUnavailable,
               fmt::format("can't write {}: {}", directory_.string(), std::generic_category().message(error_)),
               "check space and permissions of the data directory"};
}

Result<void> GlassWriter::finish() {
  write_block(0);
  const uint32_t root = write_branches();
  if (std::fflush(file_.get()) != 0 && error_ == 0) error_ = errno;
  file_.reset();
  return write_version(root, levels_);
}

}  // namespace kseek::store
