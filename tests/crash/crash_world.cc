#include "tests/crash/crash_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <numeric>
#include <set>

namespace kseek::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kWords = 7;
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

std::string word_of(int64_t n) { return "word" + std::to_string(n % kWords); }

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

bool contains_all(const std::vector<int64_t>& offsets, int64_t from, int64_t to) {
  auto at = std::lower_bound(offsets.begin(), offsets.end(), from);
  for (int64_t offset = from; offset < to; ++offset, ++at) {
    if (at == offsets.end() || *at != offset) return false;
  }
  return true;
}

}  // namespace

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
      broker_(std::make_unique<Process>(kseek_arguments({"broker", "--topic", fmt::format("orders:{}", kPartitions),
                                                         "--topic", fmt::format("side:{}", kPartitions)}))),
      address_(broker_->read_line().value_or("")) {
  producer_ = *indexer::Producer::create(address_, {});
  cluster_ = *indexer::Cluster::create(address_, {});
  for (const char* topic : {"orders", "side"}) produced_[topic].resize(kPartitions);
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
    tell("POST", "/api/v1/topics", R"({"topic":"orders"})");
    return;
  }
  ended_ = server_->process().wait(seconds(10));
  EXPECT_TRUE(ended_ && !fault.empty()) << "it does not start: " << server_->process().errors();
}

/// It may be refused, or nobody may be there to answer.
void CrashWorld::tell(const std::string& method, const std::string& target, const std::string& body) const {
  static_cast<void>(server_->call(method, target, body));
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
  const uint64_t draw = below(20);
  if (draw < 12) return produce("orders", 1 + static_cast<int>(below(60)));
  if (draw < 14) return produce("side", 1 + static_cast<int>(below(30)));
  if (draw < 18) return search_something();
  open_or_close_side();
}

void CrashWorld::produce(const std::string& topic, int count) {
  for (int i = 0; i < count; ++i) {
    const int partition = static_cast<int>(below(kPartitions));
    const MessageOf message{topic, partition, produced_[topic][static_cast<size_t>(partition)]++};
    EXPECT_TRUE(producer_->enqueue({topic, PartitionId{partition}, message.key(), message.value(), {}, {}}));
  }
  EXPECT_TRUE(producer_->flush(seconds(30)));
}

void CrashWorld::open_or_close_side() {
  switch (below(4)) {
    case 0: tell("POST", "/api/v1/topics", R"({"topic":"side"})"); break;
    case 1: tell("POST", "/api/v1/topics/side/pause"); break;
    case 2: tell("POST", "/api/v1/topics/side/resume"); break;
    default: tell("DELETE", "/api/v1/topics/side"); break;
  }
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

void CrashWorld::damage_segments() const {
  for (const auto& entry : fs::recursive_directory_iterator(data_ / "segments")) {
    if (entry.path().filename() != "postlist.glass") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(entry.path()) / 2));
    file.put('\x5A');
  }
}

void CrashWorld::check_directory() {
  if (!fs::exists(data_ / "db" / "CURRENT")) return;
  const auto store = store::Store::open(data_, store::OpenMode::kReadOnly, {});
  if (!store) {
    // It may have ended before it had written anything.
    EXPECT_EQ(store.error().code, ErrorCode::kNotFound) << describe(store.error());
    return;
  }
  for (const char* topic : {"orders", "side"}) {
    if ((*store)->topic(topic) == nullptr) continue;
    check_topic(**store, topic);
    check_searches(**store, topic);
  }
}

void CrashWorld::check_topic(const store::Store& store, const std::string& topic) {
  const auto stored = store.topic(topic);
  const store::TopicView view = stored->view();
  std::map<int, std::vector<int64_t>> offsets;
  view.blocks->for_each([&](const store::BlockMeta& meta) {
    const auto block = stored->read_block(meta);
    ASSERT_TRUE(block) << describe(block.error());
    ASSERT_NE(*block, nullptr);
    for (size_t i = 0; i < (*block)->size(); ++i) {
      const store::StoredMessage message = (*block)->message(i);
      const MessageOf expected{topic, meta.partition.value, message.offset.value};
      ASSERT_EQ(message.key, expected.key());
      ASSERT_EQ(message.value, expected.value());
      offsets[meta.partition.value].push_back(message.offset.value);
    }
  });
  for (const store::PartitionView& partition : view.partitions) {
    auto& found = offsets[partition.partition.value];
    std::sort(found.begin(), found.end());
    EXPECT_EQ(std::adjacent_find(found.begin(), found.end()), found.end()) << topic << ": a message is there twice";
    EXPECT_TRUE(contains_all(found, partition.low.value, partition.sealed_to.value))
        << topic << " " << partition.partition.value << ": not all of " << partition.low.value << " to "
        << partition.sealed_to.value << " are there";
    EXPECT_TRUE(found.empty() || found.back() < partition.sealed_to.value) << "blocks beyond the next offset";
    EXPECT_LE(partition.sealed_to.value, produced_[topic][static_cast<size_t>(partition.partition.value)]);
  }
}

/// The index as it was left: what it says of a word.
void CrashWorld::check_searches(const store::Store& store, const std::string& topic) {
  for (const store::PartitionView& partition : store.topic(topic)->view().partitions) {
    const int64_t word = static_cast<int64_t>(below(kWords));
    query::SearchRequest request;
    request.topics = {topic};
    request.partitions = {partition.partition};
    request.where = *query::parse_text_condition(query::Scope::kValue, word_of(word));
    const auto answer = query::search(store, request);
    ASSERT_TRUE(answer) << describe(answer.error());
    std::vector<int64_t> found, expected;
    for (const query::Hit& hit : answer->hits) found.push_back(hit.message().offset.value);
    for (int64_t offset = partition.sealed_to.value - 1;
         offset >= partition.low.value && expected.size() < query::kMaxHits; --offset) {
      if (MessageOf{topic, partition.partition.value, offset}.word() == word_of(word)) expected.push_back(offset);
    }
    std::sort(found.rbegin(), found.rend());  // messages of one millisecond are in order of their offsets anyway
    EXPECT_EQ(found, expected) << topic << " " << partition.partition.value;
  }
}

void CrashWorld::check_everything() {
  start("");
  tell("POST", "/api/v1/topics/side/resume");
  ASSERT_TRUE(server_->ready());
  const auto caught_up = [&] {
    const RawAnswer answer = server_->get("/api/v1/topics/orders/progress");
    if (answer.status != 200) return false;
    const Json rows = answer.json()["partitions"];
    const auto marks = cluster_->watermarks({{"orders", {0}}, {"orders", {1}}, {"orders", {2}}}, seconds(5));
    if (!marks || rows.size() != kPartitions) return false;
    for (size_t p = 0; p < kPartitions; ++p) {
      const int64_t end = produced_["orders"][p];
      if (rows[p]["end"] != end || rows[p]["indexed_to"] != end) return false;
      if (!(*marks)[p] || rows[p]["low"] != (*marks)[p]->low.value) return false;
    }
    return true;
  };
  ASSERT_TRUE(eventually(caught_up, seconds(30))) << server_->get("/api/v1/topics/orders/progress").body;
  for (int p = 0; p < kPartitions; ++p) {
    check_partition_over_http("orders", p, produced_["orders"][static_cast<size_t>(p)]);
  }
  check_files();
  const Json details = server_->get("/api/v1/topics/orders").json();
  EXPECT_GT(details["segments"], 0) << "too little happened";
  std::cout << fmt::format("{} messages produced, {} kept in {} blocks and {} segments\n", total_produced(),
                           details["messages"].get<int64_t>(), details["blocks"].get<int64_t>(),
                           details["segments"].get<int64_t>());
  server_->process().signal(SIGTERM);
  EXPECT_EQ(server_->process().wait(seconds(20)), 0) << server_->process().errors();
  check_directory();
}

int64_t CrashWorld::total_produced() const {
  const auto& counts = produced_.at("orders");
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

void CrashWorld::check_partition_over_http(const std::string& topic, int partition, int64_t end) {
  const std::string search = fmt::format("/api/v1/search?topic={}&partition={}&order=oldest", topic, partition);
  std::vector<int64_t> found;
  EXPECT_TRUE(for_each_hit(server_->url(), search + "&q=word3", [&](const Json& hit) {
    found.push_back(hit["offset"].get<int64_t>());
    EXPECT_EQ(hit["key"], (MessageOf{topic, partition, found.back()}.key()));
  }));
  const Json coverage = server_->get(search + "&limit=1").json()["coverage"][0];
  std::vector<int64_t> expected;
  for (int64_t offset = coverage["low"].get<int64_t>(); offset < end; ++offset) {
    if (MessageOf{topic, partition, offset}.word() == "word3") expected.push_back(offset);
  }
  EXPECT_EQ(found, expected);
}

/// Once the workers are done, what is on the disk is what the catalog names, in segments/ and of the database's files.
void CrashWorld::check_files() {
  std::string on_disk, named;
  const auto agree = [&] {
    const auto store = store::Store::open(data_, store::OpenMode::kReadOnly, {});
    if (!store) return false;
    on_disk.clear();
    named.clear();
    std::set<std::string> names, files;
    for (const auto& topic : (*store)->topics()) {
      for (const auto& segment : topic->view().index->segments) names.insert(segment->path().filename().string());
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(data_ / "segments", error)) {
      files.insert(entry.path().filename().string());
    }
    for (const auto& name : names) named += name + " ";
    for (const auto& file : files) on_disk += file + " ";
    return !error && names == files;
  };
  EXPECT_TRUE(eventually(agree, seconds(20))) << "on disk: " << on_disk << "\nnamed: " << named;
}

}  // namespace kseek::testing
