// Blocks: what is appended, encoded and decoded is what comes out.
#include "store/block.h"

#include <gtest/gtest.h>

namespace kseek::store {
namespace {

TEST(OpenBlock, TellsNullFromEmpty) {
  OpenBlock block({3}, 10, 1000);
  MessageView message;
  message.offset = {7};
  message.key = "";
  ASSERT_TRUE(block.append(message));
  ASSERT_EQ(block.size(), 1U);
  EXPECT_EQ(block.message(0).partition, PartitionId{3});
  EXPECT_EQ(block.message(0).key, "");
  EXPECT_EQ(block.message(0).value, std::nullopt);
}

}  // namespace
}  // namespace kseek::store
