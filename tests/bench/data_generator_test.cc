// The benchmarks' messages are what the benchmarks say they are: their size, their mix, and that a seed makes them
// again.
#include "bench/data_generator.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <unordered_set>

namespace kseek::bench {
namespace {

std::string flat(const MessageView& m) {
  std::string out = std::to_string(m.partition.value) + "/" + std::to_string(m.offset.value) + "/" +
                    std::to_string(m.create_time.ms) + "/" + std::string(m.key.value_or("(null)")) + "/";
  out += m.value.value_or("(null)");
  out += m.headers.encoded();
  return out;
}

TEST(DataGenerator, AverageIsAbout330Bytes) {
  MessageGenerator generator(7, 4);
  uint64_t bytes = 0;
  constexpr uint64_t kCount = 100'000;
  for (uint64_t i = 0; i < kCount; ++i) bytes += generator.next().raw_bytes();
  const double average = static_cast<double>(bytes) / kCount;
  EXPECT_GE(average, 300);
  EXPECT_LE(average, 360);
}

TEST(DataGenerator, SeedMakesTheSameMessagesInAnyOrder) {
  MessageGenerator a(7, 3);
  MessageGenerator b(7, 3);
  MessageGenerator other(8, 3);
  size_t same = 0;
  for (uint64_t n = 0; n < 2'000; ++n) {
    const std::string message = flat(a.next());
    EXPECT_EQ(message, flat(b.at(n)));
    same += message == flat(other.next()) ? 1 : 0;
  }
  EXPECT_EQ(b.generated(), 0U);
  EXPECT_EQ(flat(a.at(1'999)), flat(b.at(1'999)));
  EXPECT_EQ(same, 0U);
}

TEST(DataGenerator, PartitionsTakeTurnsAndOffsetsHaveNoGaps) {
  MessageGenerator generator(1, 5);
  std::map<PartitionId, int64_t> next;
  for (uint64_t n = 0; n < 1'000; ++n) {
    const MessageView message = generator.next();
    EXPECT_EQ(message.offset.value, next[message.partition]++);
    const Position position = generator.position(n);
    EXPECT_EQ(position, (Position{message.partition, message.offset}));
    EXPECT_EQ(generator.number(position), n);
  }
  EXPECT_EQ(next.size(), 5U);
}

TEST(DataGenerator, TimesRiseWithinTheJitter) {
  MessageGenerator generator(
      GeneratorOptions{.seed = 3, .partitions = 1, .start = {1'000'000}, .interval_us = 500, .jitter_ms = 20});
  bool ever_back = false;
  int64_t previous = 0;
  for (int64_t n = 0; n < 10'000; ++n) {
    const int64_t time = generator.next().create_time.ms;
    EXPECT_GE(time, 1'000'000 + n / 2);
    EXPECT_LE(time, 1'000'000 + n / 2 + 20);
    ever_back = ever_back || time < previous;
    previous = time;
  }
  EXPECT_TRUE(ever_back);
}

TEST(DataGenerator, HasEveryKindAndNullKeysAndHeaders) {
  MessageGenerator generator(1, 1);
  size_t events = 0, logs = 0, access = 0, comments = 0, null_keys = 0, headers = 0;
  for (int i = 0; i < 10'000; ++i) {
    const MessageView message = generator.next();
    const std::string_view value = *message.value;
    events += value.starts_with(R"({"event":")") ? 1 : 0;
    logs += value.starts_with(R"({"ts":"20)") ? 1 : 0;
    access += value.starts_with("10.") ? 1 : 0;
    comments += value.starts_with(R"({"type":"comment")") ? 1 : 0;
    null_keys += message.key ? 0 : 1;
    headers += message.headers.empty() ? 0 : 1;
  }
  EXPECT_EQ(events + logs + access + comments, 10'000U);
  EXPECT_NEAR(static_cast<double>(events), 3'500, 300);
  EXPECT_NEAR(static_cast<double>(logs), 4'000, 300);
  EXPECT_NEAR(static_cast<double>(access), 1'500, 250);
  EXPECT_NEAR(static_cast<double>(comments), 1'000, 200);
  EXPECT_NEAR(static_cast<double>(null_keys), 3'500, 300);
  EXPECT_NEAR(static_cast<double>(headers), 875, 200);
}

TEST(DataGenerator, PlantedTextStandsWhereItWasPut) {
  MessageGenerator generator(1, 2);
  generator.plant(500, "xyzzyquux");
  generator.plant(500, "two words");
  generator.plant_every(100, 7, "oneinahundred");
  std::set<uint64_t> rare;
  size_t periodic = 0;
  for (uint64_t n = 0; n < 1'000; ++n) {
    const std::string value(*generator.next().value);
    if (value.find("xyzzyquux two words") != std::string::npos) rare.insert(n);
    if (value.find("oneinahundred") != std::string::npos) {
      ++periodic;
      EXPECT_EQ(n % 100, 7U);
    }
    EXPECT_EQ(value.front() == '{', value.back() == '}') << value;
  }
  EXPECT_EQ(rare, std::set<uint64_t>{500});
  EXPECT_EQ(periodic, 10U);
}

TEST(DataGenerator, WordsAreDistinctAndFollowZipf) {
  std::unordered_set<std::string_view> words;
  for (size_t rank = 0; rank < MessageGenerator::kVocabulary; ++rank) words.insert(MessageGenerator::word(rank));
  EXPECT_EQ(words.size(), MessageGenerator::kVocabulary);
  MessageGenerator generator(1, 1);
  const std::string frequent = " " + std::string(MessageGenerator::word(0)) + " ";
  const std::string rare = " " + std::string(MessageGenerator::word(10'000)) + " ";
  size_t with_frequent = 0, with_rare = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string_view value = *generator.next().value;
    with_frequent += value.find(frequent) != std::string_view::npos ? 1 : 0;
    with_rare += value.find(rare) != std::string_view::npos ? 1 : 0;
  }
  EXPECT_GT(with_frequent, 25'000U);
  EXPECT_LT(with_rare, 40U);
}

TEST(DataGenerator, SpeedIsPrinted) {
  MessageGenerator generator(1, 4);
  uint64_t bytes = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 300'000; ++i) bytes += generator.next().raw_bytes();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("generated %.0f MB/s\n", static_cast<double>(bytes) / 1e6 / took.count());
  EXPECT_GT(bytes, 0U);
}

}  // namespace
}  // namespace kseek::bench
