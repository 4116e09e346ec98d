// Any bytes at all into DecodedBlock::decode: it must say kCorrupt or give a block that can be read to its last byte.
// Each input is tried as it is, and with a right checksum behind it, which lets the fuzzer past the first test.
#include <xxhash.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "store/block.h"

namespace {

/// Touches every byte that the block's messages name.
void read_all(const kseek::store::DecodedBlock& block) {
  uint64_t sum = 0;
  const auto touch = [&sum](std::string_view bytes) {
    for (const char byte : bytes) sum += static_cast<uint8_t>(byte);
  };
  kseek::Offset previous{-1};
  for (size_t i = 0; i < block.size(); ++i) {
    const kseek::store::StoredMessage message = block.message(i);
    if (message.offset <= previous) std::abort();
    previous = message.offset;
    if (message.key) touch(*message.key);
    if (message.value) touch(*message.value);
    for (const kseek::Header& header : message.headers) {
      touch(header.name);
      if (header.value) touch(*header.value);
    }
  }
  static volatile uint64_t sink;
  sink = sum;
}

/// Message by message; `whole` is the same block, or nothing where a part of it is damaged.
void read_one_by_one(const kseek::store::DecodedBlock& block, const kseek::store::DecodedBlock* whole) {
  for (size_t i = block.size(); i > 0; --i) {
    const auto loaded = block.load_message(i - 1);
    if (!loaded && (whole != nullptr || loaded.error().code != kseek::ErrorCode::kCorrupt)) std::abort();
    if (whole == nullptr) continue;
    const auto message = block.message(i - 1);
    const auto same = whole->message(i - 1);
    if (message.key != same.key || message.value != same.value) std::abort();
    if (message.headers.encoded() != same.headers.encoded()) std::abort();
  }
  read_all(block);
}

/// What is found before it is spelled out; `whole` as above.
void look_for_texts(const kseek::store::DecodedBlock& block, const kseek::store::DecodedBlock* whole) {
  using Text = kseek::store::MessageBlock::Text;
  const auto filter =
      kseek::store::TextFilter::of({kseek::tokenizer::SubstringFinder("k")}, kseek::store::TextFilter::Also::kHiding);
  for (const Text text : {Text::kKey, Text::kValue}) {
    const auto loaded = block.load_where(text, 0, block.size(), *filter);
    if (!loaded && (whole != nullptr || loaded.error().code != kseek::ErrorCode::kCorrupt)) std::abort();
    if (whole == nullptr) continue;
    const auto column = *block.column(text);
    const auto all = *whole->column(text);
    column.loaded.for_each(all.bytes.size(), [&](size_t begin, size_t end) {
      if (column.bytes.substr(begin, end - begin) != all.bytes.substr(begin, end - begin)) std::abort();
    });
  }
}

void try_to_read(const std::string& bytes) {
  using kseek::store::Columns;
  const auto must_be_corrupt = [](const kseek::Error& error) {
    if (error.code != kseek::ErrorCode::kCorrupt) std::abort();
  };
  const auto at_once = kseek::store::DecodedBlock::decode(bytes, {0});
  const auto later = kseek::store::DecodedBlock::decode(bytes, {0}, Columns::none());
  const auto by_message = kseek::store::DecodedBlock::decode(bytes, {0}, Columns::none());
  if (by_message) read_one_by_one(**by_message, at_once ? at_once->get() : nullptr);
  const auto by_text = kseek::store::DecodedBlock::decode(bytes, {0}, Columns::none());
  if (by_text) look_for_texts(**by_text, at_once ? at_once->get() : nullptr);
  if (at_once) {
    if (!later || !(*later)->load(Columns::all())) std::abort();
    read_all(**at_once);
    read_all(**later);
  } else {
    must_be_corrupt(at_once.error());
    if (!later) return must_be_corrupt(later.error());
    const auto loaded = (*later)->load(Columns::all());
    if (loaded) std::abort();
    must_be_corrupt(loaded.error());
    read_all(**later);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);  // NOLINT: bytes are bytes
  try_to_read(bytes);
  const uint64_t checksum = XXH3_64bits(data, size);
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(checksum >> (8 * i)));
  try_to_read(bytes);
  return 0;
}
