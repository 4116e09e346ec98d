#include "store/pair_rows.h"

#include <xapian.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/varint.h"
#include "store/segment_database.h"

namespace kseek::store {
namespace {

constexpr char kPairsPrefix = 'b';
constexpr size_t kPageBytes = 4064;       // two of them, their keys and seals fill a block of the B-tree
constexpr size_t kMaxGroupBlocks = 2048;  // 15 rows a page
constexpr size_t kSlackBytes = 8;         // behind a row, so that bits are read and written eight bytes at a time
constexpr size_t kBitsAtOnce = 56;        // from any bit of a byte on, in eight bytes

[[noreturn]] void fail() { throw Xapian::DatabaseCorruptError("pairs of words are damaged or missing"); }

size_t rows_a_page(size_t blocks) { return kPageBytes * 8 / blocks; }

void put_big(std::string& bytes, uint32_t n, size_t count) {
  for (size_t i = count; i > 0; --i) bytes += static_cast<char>(n >> (8 * (i - 1)));
}

std::string group_key(uint32_t group) {
  std::string key(1, kPairsPrefix);
  put_big(key, group, 2);
  return key;
}

std::string page_key(uint32_t group, uint32_t page) {
  std::string key = group_key(group);
  put_big(key, page, 4);
  return key;
}

uint64_t load_8(const char* p) {
  uint64_t word = 0;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

/// Sets bits that were 0. REQUIRES: kSlackBytes behind what is read, and behind what is written.
void copy_bits(const char* from, size_t from_bit, char* to, size_t to_bit, size_t count) {
  while (count > 0) {
    const size_t now = std::min(count, kBitsAtOnce);
    const uint64_t bits = load_8(from + from_bit / 8) >> (from_bit % 8) & ((uint64_t{1} << now) - 1);
    const uint64_t joined = load_8(to + to_bit / 8) | bits << (to_bit % 8);
    std::memcpy(to + to_bit / 8, &joined, sizeof(joined));
    from_bit += now;
    to_bit += now;
    count -= now;
  }
}

/// Writes a group's head.
void write_group(uint32_t number, const PairGroup& group, SegmentOutput& output) {
  std::string head;
  put_varint(head, group.shape.rows);
  put_varint(head, group.shape.hashes);
  put_varint(head, group.positions.size());
  uint32_t next = 0;
  for (const uint32_t position : group.positions) {
    put_varint(head, position - next);
    next = position + 1;
  }
  output.add_item(group_key(number), head);
}

/// Gives a group's pages, of rows without a bit, to `fill(row, bits, first bit)` a row at a time, and writes them.
template <class Fill>
void write_rows(uint32_t number, const PairGroup& group, SegmentOutput& output, const Fill& fill) {
  const size_t blocks = group.positions.size();
  const size_t rows_each = rows_a_page(blocks);
  std::string page;
  for (uint32_t row = 0, number_of_page = 0; row < group.shape.rows; ++number_of_page) {
    const size_t rows = std::min<size_t>(rows_each, group.shape.rows - row);
    const size_t bytes = (rows * blocks + 7) / 8;
    page.assign(bytes + kSlackBytes, '\0');
    for (size_t i = 0; i < rows; ++i) fill(row++, page.data(), i * blocks);
    page.resize(bytes);
    output.add_item(page_key(number, number_of_page), page);
  }
}

std::vector<PairGroup> read_groups(const SegmentDatabase& database) {
  std::vector<PairGroup> groups(database.pair_groups());
  for (uint32_t number = 0; number < groups.size(); ++number) {
    const std::string head = database.item(group_key(number));
    std::string_view rest = head;
    const auto rows = take_varint(rest);
    const auto hashes = take_varint(rest);
    const auto blocks = take_varint(rest);
    if (!rows || !hashes || !blocks || *rows == 0 || *rows > kMaxPairRows || *hashes == 0 || *hashes > kMaxPairHashes ||
        *blocks == 0 || *blocks > kMaxGroupBlocks) {
      fail();
    }
    PairGroup& group = groups[number];
    group.shape = {static_cast<uint32_t>(*rows), static_cast<uint32_t>(*hashes)};
    uint64_t next = 0;
    for (uint64_t i = 0; i < *blocks; ++i) {
      const auto gap = take_varint(rest);
      if (!gap || *gap >= database.blocks() || next + *gap >= database.blocks()) fail();
      group.positions.push_back(static_cast<uint32_t>(next + *gap));
      next = group.positions.back() + uint64_t{1};
    }
  }
  return groups;
}

/// One group's rows, a page at a time.
class RowReader {
 public:
  RowReader(const SegmentDatabase& database, uint32_t number, const PairGroup& group)
      : database_(&database), number_(number), group_(&group), rows_a_page_(rows_a_page(group.positions.size())) {}

  /// Where the row begins: bytes with kSlackBytes behind them, and the bit in them.
  std::pair<const char*, size_t> row(uint32_t row) {
    const auto page = static_cast<uint32_t>(row / rows_a_page_);
    const size_t blocks = group_->positions.size();
    if (page != page_number_) {
      page_ = database_->item(page_key(number_, page));
      const size_t rows = std::min<size_t>(rows_a_page_, group_->shape.rows - page * rows_a_page_);
      if (page_.size() != (rows * blocks + 7) / 8) fail();
      page_.append(kSlackBytes, '\0');
      page_number_ = page;
    }
    return {page_.data(), row % rows_a_page_ * blocks};
  }
  [[nodiscard]] size_t blocks() const { return group_->positions.size(); }

 private:
  const SegmentDatabase* database_;
  uint32_t number_;
  const PairGroup* group_;
  size_t rows_a_page_;
  uint32_t page_number_ = UINT32_MAX;
  std::string page_;
};

/// The group that more blocks of this shape go into, a new one where there is none with room.
size_t group_for(std::vector<PairGroup>& groups, std::map<PairShape, size_t>& last_of_shape, PairShape shape,
                 size_t blocks) {
  const auto [last, is_new] = last_of_shape.try_emplace(shape, groups.size());
  if (!is_new && groups[last->second].positions.size() + blocks > kMaxGroupBlocks) last->second = groups.size();
  if (last->second == groups.size()) groups.push_back({shape, {}});
  return last->second;
}

}  // namespace

void write_pairs(const std::vector<const BlockPairs*>& blocks, SegmentOutput& output) {
  std::vector<PairGroup> groups;
  std::map<PairShape, size_t> last_of_shape;
  for (uint32_t position = 0; position < blocks.size(); ++position) {
    const PairShape shape = blocks[position]->shape;
    if (shape.rows > 0) groups[group_for(groups, last_of_shape, shape, 1)].positions.push_back(position);
  }
  std::string bits;
  for (uint32_t number = 0; number < groups.size(); ++number) {
    const PairGroup& group = groups[number];
    write_group(number, group, output);
    const size_t columns = group.positions.size();
    bits.assign(group.shape.rows * columns / 8 + 1 + kSlackBytes, '\0');
    for (size_t column = 0; column < columns; ++column) {
      for (const uint32_t hash : blocks[group.positions[column]]->hashes) {
        for (uint32_t i = 0; i < group.shape.hashes; ++i) {
          const size_t bit = group.shape.row({hash}, i) * columns + column;
          bits[bit / 8] = static_cast<char>(bits[bit / 8] | 1 << (bit % 8));
        }
      }
    }
    write_rows(number, group, output, [&](uint32_t row, char* page, size_t bit) {
      copy_bits(bits.data(), row * columns, page, bit, columns);
    });
  }
  output.set_pair_groups(groups.size());
}

void merge_pairs(const std::vector<PairsInput>& inputs, SegmentOutput& output) {
  std::vector<std::vector<PairGroup>> read;  // of each input; RowReaders point into it
  std::vector<PairGroup> groups;
  std::vector<std::vector<RowReader>> parts;  // of each of `groups`
  std::map<PairShape, size_t> last_of_shape;
  read.reserve(inputs.size());
  for (const PairsInput& input : inputs) {
    read.push_back(read_groups(*input.database));
    for (uint32_t number = 0; number < read.back().size(); ++number) {
      const PairGroup& part = read.back()[number];
      const size_t into = group_for(groups, last_of_shape, part.shape, part.positions.size());
      parts.resize(groups.size());
      parts[into].emplace_back(*input.database, number, part);
      for (const uint32_t position : part.positions) groups[into].positions.push_back(position + input.shift);
    }
  }
  for (uint32_t number = 0; number < groups.size(); ++number) {
    write_group(number, groups[number], output);
    write_rows(number, groups[number], output, [&](uint32_t row, char* page, size_t bit) {
      for (RowReader& part : parts[number]) {
        const auto [from, from_bit] = part.row(row);
        copy_bits(from, from_bit, page, bit, part.blocks());
        bit += part.blocks();
      }
    });
  }
  output.set_pair_groups(groups.size());
}

void PairReader::load_groups() {
  if (!groups_) groups_ = read_groups(*database_);
}

uint32_t PairReader::rows_read() {
  load_groups();
  uint32_t rows = 0;
  for (const PairGroup& group : *groups_) rows += group.shape.hashes;
  return rows;
}

void PairReader::keep_having(PairHash pair, std::vector<uint32_t>& positions) {
  load_groups();
  std::vector<bool> lacks(database_->blocks());
  for (uint32_t number = 0; number < groups_->size(); ++number) {
    const PairGroup& group = (*groups_)[number];
    RowReader rows(*database_, number, group);
    for (uint32_t i = 0; i < group.shape.hashes; ++i) {
      const auto [bytes, first] = rows.row(group.shape.row(pair, i));
      for (size_t column = 0; column < group.positions.size(); ++column) {
        const size_t bit = first + column;
        if ((bytes[bit / 8] >> (bit % 8) & 1) == 0) lacks[group.positions[column]] = true;
      }
    }
  }
  positions.erase(std::remove_if(positions.begin(), positions.end(), [&](uint32_t at) { return lacks[at]; }),
                  positions.end());
}

}  // namespace kseek::store
