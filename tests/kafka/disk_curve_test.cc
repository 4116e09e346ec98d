// A long stream with a short retention: the disk stays flat. By hand: KSEEK_DISK_CURVE_SECONDS=600 and
// --gtest_filter='DiskCurve*' prints a line every ten seconds.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

uint64_t bytes_below(const fs::path& directory) {
  uint64_t sum = 0;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
    const uint64_t size = entry.is_regular_file(error) ? entry.file_size(error) : 0;
    if (!error) sum += size;  // else it has just gone
  }
  return sum;
}

class DiskCurve : public KafkaTest {
 protected:
  static constexpr int kBytesPerSecond = 3'000'000;
  static constexpr int kMessageBytes = 300;

  void SetUp() override {
    const char* wanted = std::getenv("KSEEK_DISK_CURVE_SECONDS");
    if (wanted == nullptr) GTEST_SKIP() << "set KSEEK_DISK_CURVE_SECONDS to run it";
    seconds = std::atoi(wanted);
    KafkaTest::SetUp();
    store_options = {};
    options.seal_after = milliseconds(5'000);
  }

  /// A tenth of a second's messages.
  void produce() {
    for (int i = 0; i < kBytesPerSecond / kMessageBytes / 10; ++i, ++sent) {
      const uint64_t noise = static_cast<uint64_t>(sent) * 0x9E3779B97F4A7C15U;
      std::string value = fmt::format("{{\"order\":{},\"trace\":\"{:016x}\",\"text\":\"", sent, noise);
      while (value.size() < kMessageBytes) value += fmt::format("word{} ", (noise >> value.size() % 50) % 5'000);
      ASSERT_OK(producer->enqueue(message_of(topic, static_cast<int>(sent % 2), value + "\"}")));
    }
    ASSERT_OK(producer->flush(kPatience));
  }

  int seconds = 0;
  int64_t sent = 0;
};

TEST_F(DiskCurve, IsFlat) {
  create(2, {{"segment.bytes", "4000000"}, {"segment.ms", "5000"}, {"retention.ms", "20000"}});
  start();
  open();
  const auto began = Clock::now();
  auto next_sample = began + std::chrono::seconds(10);
  std::vector<uint64_t> curve;
  while (Clock::now() - began < std::chrono::seconds(seconds)) {
    const auto next = Clock::now() + milliseconds(100);  // on a busy machine fewer are sent, never a burst
    produce();
    std::this_thread::sleep_until(next);
    if (Clock::now() < next_sample) continue;
    next_sample += std::chrono::seconds(10);
    const auto stats = store->topic(topic)->stats();
    curve.push_back(bytes_below(dir.path()));
    fmt::print("{:4} s  disk {:6.1f} MB  messages {:7}  raw {:6.1f} MB  stored {:5.1f}  index {:5.1f}  sent {:8}\n",
               curve.size() * 10, static_cast<double>(curve.back()) / 1e6, stats.messages,
               static_cast<double>(stats.raw_bytes) / 1e6, static_cast<double>(stats.stored_bytes) / 1e6,
               static_cast<double>(stats.index_bytes) / 1e6, sent);
    fflush(stdout);
  }
  ASSERT_GE(curve.size(), 12U) << "run it for two minutes at least";
  // From a minute on it has its height.
  const auto middle = curve.begin() + 6 + static_cast<std::ptrdiff_t>((curve.size() - 6) / 2);
  EXPECT_LE(static_cast<double>(*std::max_element(middle, curve.end())),
            1.3 * static_cast<double>(*std::max_element(curve.begin() + 6, middle)));
}

}  // namespace
}  // namespace kseek::kafka_test
