// Blocks for the tests of blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/block.h"
#include "store/block_format.h"
#include "tests/store/random_messages.h"

namespace kseek::store {

void expect_same(const StoredMessage& stored, const MessageView& given);

/// All columns loaded.
std::shared_ptr<const DecodedBlock> decoded(const EncodedBlock& encoded, PartitionId partition);

/// Of partition 0, without key and headers.
OwnedMessage plain_message(int64_t offset, std::string value);

/// Values of 10 KB that stay as they are when they are compressed, so that a block has many frames of them.
EncodedBlock block_of_large_values(size_t messages);

/// Sections of several frames each of which repeats much of the first one.
EncodedBlock block_of_repeated_values();

/// `bytes`, and the right checksum behind them, so that what comes behind the checksum's test is tested.
std::string with_checksum(std::string bytes);

/// The same block as `format`, one of kOlderFrames, has it.
std::string as_older_block(const EncodedBlock& encoded, const FrameFormat& format);

}  // namespace kseek::store
