#include "tests/crash/crash_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <utility>

namespace kseek::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kBallastEvery = 10;
constexpr size_t kBallastBytes = 100'000;  // the broker keeps 5 MiB a partition: so some of it expires

constexpr const char* kConfig = R"([store]
block_max_messages = 25
blocks_per_segment = 2
merge_width = 2
write_buffer_bytes = 2000000
[indexer]
seal_after = "200ms"
watermark_interval = "50ms"
metadata_interval = "500ms"
workers = 2
)";

/// Letters that no compression makes much smaller.
std::string ballast(uint64_t seed) {
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789zZ";
  std::string text(kBallastBytes, '\0');
  uint64_t state = seed * 0x9E3779B97F4A7C15 + 1;
  for (size_t i = 0; i < text.size(); i += 8) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    for (size_t j = 0; j < 8; ++j) text[i + j] = kLetters[(state >> (8 * j)) & 63];
  }
  return text;
}

}  // namespace

std::string word_of(int64_t n) { return "word" + std::to_string(n % kWords); }

std::string MessageOf::key() const { return fmt::format("{}-{}-{}", topic, partition, offset); }

std::string MessageOf::word() const { return word_of(offset * 31 + partition); }

std::string MessageOf::value() const {
  std::string value = fmt::format("{} number n{} of all", word(), offset);
  if (offset % kBallastEvery == 0) value += " " + ballast(static_cast<uint64_t>(offset));
  return value;
}

CrashWorld::CrashWorld(uint64_t seed)
    : random_(seed),
      data_(scratch_.file("data")),
      disk_(data_, scratch_.file("disk")),
      broker_(std::make_unique<Process>(
          kseek_arguments({"broker", "--topic", fmt::format("orders:{}", kPartitions), "--topic",
                           fmt::format("side:{}", kPartitions), "--topic", fmt::format("remade:{}", kPartitions)}))),
      address_(broker_->read_line().value_or("")) {
  producer_ = *indexer::Producer::create(address_, {});
  cluster_ = *indexer::Cluster::create(address_, {});
  for (const char* topic : kTopics) produced_[topic].resize(kPartitions);
  write_file(scratch_.file("kseek.toml"), kConfig);
}

void CrashWorld::start(const std::string& fault) {
  std::vector<std::string> environment;
  if (!fault.empty()) environment.push_back("KSEEK_FAULT=" + fault);
  if (shimmed_) {
    disk_.remember_all();
    const auto shim = disk_.environment();
    environment.insert(environment.end(), shim.begin(), shim.end());
  }
  ended_.reset();
  server_ = std::make_unique<ServerProcess>(data_.string(), address_, scratch_.file("kseek.toml"), environment);
  if (server_->ready()) {
    if (tell("POST", "/api/v1/topics", R"({"topic":"orders"})") == 201) orders_are_open_ = true;
    return;
  }
  ended_ = server_->process().wait(seconds(10));
  EXPECT_TRUE(ended_ && !fault.empty()) << "it does not start: " << server_->process().errors();
}

/// It may be refused, or nobody may be there to answer.
int CrashWorld::tell(const std::string& method, const std::string& target, const std::string& body) const {
  return server_->call(method, target, body).status;
}

bool CrashWorld::has_died(seconds limit) {
  if (!ended_) ended_ = server_->process().wait(limit);
  return ended_.has_value();
}

void CrashWorld::work(milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until && !has_died()) act();
}

void CrashWorld::act() {
  if (below(2) == 0 && aim()) return;
  const uint64_t draw = below(22);
  if (draw < 12) return produce("orders", 1 + static_cast<int>(below(60)));
  if (draw < 14) return produce("side", 1 + static_cast<int>(below(30)));
  if (draw < 18) return search_something();
  if (draw < 20) return change_side(below(kSideChanges));
  if (draw < 21) return reindex(below(2) == 0 ? "store" : "kafka", false);
  if (aimed_at_.empty()) cancel_job();  // else a slow machine might end no job that leads to the point
}

/// Does what leads to the point that is to be reached; false: all else does.
bool CrashWorld::aim() {
  const std::string part = aimed_at_.substr(0, aimed_at_.find('.'));
  if (aimed_at_ == "rebuild.before_cancel" || aimed_at_ == "rebuild.cancelled") {
    reindex("store", true);
    cancel_job();
  } else if (part == "rebuild" || part == "job") {
    reindex("store", false);
  } else if (part == "generation" || part == "switch") {
    reindex("kafka", false);
  } else {
    return false;
  }
  return true;
}

void CrashWorld::reindex(const std::string& source, bool slowly) {
  Json body{{"source", source}};
  if (slowly) body["rate_limit"] = 0.05;
  const RawAnswer answer = server_->call("POST", "/api/v1/topics/orders/reindex", body.dump());
  if (answer.status == 202) newest_job_ = answer.json()["id"].get<uint64_t>();
}

void CrashWorld::cancel_job() const {
  if (newest_job_ > 0) tell("DELETE", fmt::format("/api/v1/jobs/{}", newest_job_));
}

void CrashWorld::produce(const std::string& topic, int count) {
  for (int i = 0; i < count; ++i) {
    const int partition = static_cast<int>(below(kPartitions));
    const MessageOf message{topic, partition, produced_[topic][static_cast<size_t>(partition)]++};
    EXPECT_TRUE(producer_->enqueue({topic, PartitionId{partition}, message.key(), message.value(), {}, {}}));
  }
  EXPECT_TRUE(producer_->flush(seconds(30)));
}

void CrashWorld::change_side(size_t which) {
  struct Change {
    const char* method;
    const char* target;
    const char* body;
    Side after;
  };
  static constexpr Change kChanges[] = {{"POST", "/api/v1/topics", R"({"topic":"side"})", Side::kOpen},
                                        {"POST", "/api/v1/topics/side/pause", "", Side::kPaused},
                                        {"POST", "/api/v1/topics/side/resume", "", Side::kOpen},
                                        {"DELETE", "/api/v1/topics/side", "", Side::kClosed}};
  static_assert(std::size(kChanges) == kSideChanges);
  const Change& change = kChanges[which];
  const auto before = std::exchange(side_, std::nullopt);
  const int status = tell(change.method, change.target, change.body);
  if (status / 100 == 2) side_ = change.after;
  if (status == 404 || status == 409) side_ = before;  // it was refused
}

/// A word in some offsets of a partition: exactly what the model has between the answer's low and indexed_to.
void CrashWorld::search_something() {
  const int partition = static_cast<int>(below(kPartitions));
  const int64_t end = produced_["orders"][static_cast<size_t>(partition)];
  if (end == 0) return;
  const int64_t first = static_cast<int64_t>(below(static_cast<uint64_t>(end)));
  const int64_t last = first + kWords * 8;
  const std::string word = word_of(static_cast<int64_t>(below(kWords)));
  const RawAnswer answer = server_->get(
      fmt::format("/api/v1/search?topic=orders&q={}&partition={}&offset={}..{}", word, partition, first, last));
  if (answer.status == 404) return;  // not opened yet
  if (answer.status == 0 && has_died(seconds(5))) return;
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json json = answer.json();
  const Json& coverage = json["coverage"];
  std::vector<int64_t> expected;
  for (const Json& row : coverage) {
    if (row["partition"] != partition) continue;
    for (int64_t offset = std::min(last, row["indexed_to"].get<int64_t>() - 1);
         offset >= std::max(first, row["low"].get<int64_t>()); --offset) {
      if (MessageOf{"orders", partition, offset}.word() == word) expected.push_back(offset);
    }
  }
  std::vector<int64_t> found;
  for (const Json& hit : json["hits"]) found.push_back(hit["offset"].get<int64_t>());
  EXPECT_EQ(found, expected) << answer.body;
}

void CrashWorld::kill() {
  if (has_died()) return;
  server_->process().signal(SIGKILL);
  ended_ = server_->process().wait();
}

void CrashWorld::lose_power(bool strict) {
  kill();
  disk_.lose_power(strict, random_);
}

void CrashWorld::plant_orphan() const {
  const fs::path orphan = data_ / "segments" / fmt::format("t1-s{}", 1'000'000 + produced_.at("orders")[0]);
  fs::create_directories(orphan);
  write_file((orphan / "postlist.glass").string(), "nothing");
}

/// The topic "remade" gets a message that Kafka has another one for.
void CrashWorld::plant_foreign_message() {
  const auto opened = store::Store::open(data_, store::OpenMode::kOwner, {});
  ASSERT_TRUE(opened) << describe(opened.error());
  auto topic = (*opened)->topic("remade");
  if (topic == nullptr) {
    store::TopicConfig config;
    config.name = "remade";
    auto made = (*opened)->create_topic(config);
    ASSERT_TRUE(made) << describe(made.error());
    topic = *made;
    ASSERT_TRUE(topic->start_partition(PartitionId{0}, kMinOffset));
  }
  const Offset next = topic->next_offset(PartitionId{0}).value_or(kMinOffset);
  while (produced_["remade"][0] <= next.value) produce("remade", 10);
  MessageView message;
  message.partition = PartitionId{0};
  message.offset = next;
  message.key = message.value = kForeign;
  EXPECT_EQ(topic->append(PartitionId{0}, {&message, 1}).appended, 1U);
  foreign_ = next.value;
  const auto flushed = topic->flush();
  EXPECT_TRUE(flushed) << describe(flushed.error());
}

void CrashWorld::damage_segments() {
  damaged_ = true;
  for (const auto& entry : fs::recursive_directory_iterator(data_ / "segments")) {
    if (entry.path().filename() != "postlist.glass") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(entry.path()) / 2));
    file.put('\x5A');
  }
}

}  // namespace kseek::testing
