// The space of what has expired, before RocksDB has written it to a file of its own.
#include <filesystem>

#include "base/bytes.h"
#include "tests/store/topic_check.h"

namespace kseek::store {
namespace {

namespace fs = std::filesystem;

class LogSpaceTest : public OrdersTest {
 protected:
  static constexpr int64_t kMessages = 400;
  static constexpr size_t kMessageBytes = 64_KiB;

  /// Messages that nothing compresses, as blocks of eight.
  void append(int64_t first, int64_t last) {
    for (int64_t offset = first; offset < last; ++offset) {
      std::string noise(kMessageBytes, '\0');
      uint64_t state = static_cast<uint64_t>(offset) + 1;
      for (char& byte : noise) {
        state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        byte = static_cast<char>(state >> 56);
      }
      append_one(*topic_, plain_message(0, offset, std::move(noise)));
    }
    while (*topic_->seal_next()) {
    }
  }
  void expire_below(int64_t low) {
    topic_->set_watermarks({0}, {low}, std::nullopt);
    ASSERT_TRUE(topic_->expire({0}).has_value());
  }
  [[nodiscard]] uint64_t disk_bytes() const {
    uint64_t sum = 0;
    for (const auto& entry : fs::recursive_directory_iterator(dir_.path() / "db")) {
      if (entry.is_regular_file()) sum += entry.file_size();
    }
    return sum;
  }
};

TEST_F(LogSpaceTest, OfExpiredBlocksIsGivenBack) {
  append(0, kMessages);
  ASSERT_GE(disk_bytes(), kMessages * kMessageBytes);
  expire_below(kMessages - 20);
  EXPECT_LE(disk_bytes(), 60 * kMessageBytes);
  EXPECT_EQ(read_findable(*topic_, topic_->view()).size(), 20U);
}

TEST_F(LogSpaceTest, IsLeftWhileMostOfItLives) {
  append(0, kMessages);
  expire_below(kMessages / 3);
  EXPECT_GE(disk_bytes(), kMessages * kMessageBytes);
  EXPECT_EQ(static_cast<int64_t>(read_findable(*topic_, topic_->view()).size()), kMessages - kMessages / 3);
}

}  // namespace
}  // namespace kseek::store
