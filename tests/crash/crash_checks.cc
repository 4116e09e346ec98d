// CrashWorld: what must hold after each crash, and at the end of a life.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <numeric>
#include <set>

#include "store/segment.h"
#include "tests/crash/crash_world.h"

namespace kseek::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

bool contains_all(const std::vector<int64_t>& offsets, int64_t from, int64_t to) {
  auto at = std::lower_bound(offsets.begin(), offsets.end(), from);
  for (int64_t offset = from; offset < to; ++offset, ++at) {
    if (at == offsets.end() || *at != offset) return false;
  }
  return true;
}

}  // namespace

void CrashWorld::check_directory() {
  if (!fs::exists(data_ / "db" / "CURRENT")) return;
  const auto store = store::Store::open(data_, store::OpenMode::kReadOnly, {});
  if (!store) {
    // It may have ended before it had written anything.
    EXPECT_EQ(store.error().code, ErrorCode::kNotFound) << describe(store.error());
    EXPECT_FALSE(orders_are_open_);
    return;
  }
  check_answered(**store);
  check_segments(**store);
  for (const char* topic : kTopics) {
    if ((*store)->topic(topic) == nullptr) continue;
    check_topic(**store, topic);
    check_searches(**store, topic);
  }
}

/// What the server has said is done.
void CrashWorld::check_answered(const store::Store& store) const {
  EXPECT_TRUE(!orders_are_open_ || store.topic("orders") != nullptr) << "the topic was opened";
  if (side_) {
    const auto side = store.topic("side");
    EXPECT_EQ(side != nullptr, *side_ != Side::kClosed) << "the topic was opened or closed";
    const bool paused = side != nullptr && side->config().paused;
    EXPECT_EQ(paused, *side_ == Side::kPaused) << "the topic was paused or resumed";
  }
  if (newest_job_ == 0) return;
  const auto jobs = store.jobs();
  ASSERT_TRUE(jobs) << describe(jobs.error());
  EXPECT_TRUE(std::any_of(jobs->begin(), jobs->end(), [this](const auto& job) { return job.id == newest_job_; }))
      << "job " << newest_job_ << " was accepted";
}

/// Those that the catalog names are on the disk, as they were written.
void CrashWorld::check_segments(const store::Store& store) const {
  if (damaged_) return;
  for (const auto& topic : store.topics()) {
    for (const auto& segment : topic->view().index->segments) {
      const auto verified = store::verify_segment(segment->path(), segment->meta());
      EXPECT_TRUE(verified) << describe(verified.error());
    }
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
      const bool planted = topic == "remade" && message.key == kForeign;
      if (planted) {
        ASSERT_EQ(message.offset.value, foreign_);
      } else {
        ASSERT_EQ(message.key, expected.key());
        ASSERT_EQ(message.value, expected.value());
      }
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
    for (const query::Hit& hit : answer->hits) {
      const MessageView& message = hit.message();
      if (topic != "remade" || message.partition.value != 0 || message.offset.value != foreign_) {
        found.push_back(message.offset.value);
      }
    }
    for (int64_t offset = partition.sealed_to.value - 1;
         offset >= partition.low.value && expected.size() < query::kMaxHits; --offset) {
      if (topic == "remade" && partition.partition.value == 0 && offset == foreign_) continue;
      if (MessageOf{topic, partition.partition.value, offset}.word() == word_of(word)) expected.push_back(offset);
    }
    std::sort(found.rbegin(), found.rend());  // messages of one millisecond are in order of their offsets anyway
    EXPECT_EQ(found, expected) << topic << " " << partition.partition.value;
  }
}

void CrashWorld::check_everything() {
  start("");
  if (tell("POST", "/api/v1/topics/side/resume") == 200) side_ = Side::kOpen;
  ASSERT_TRUE(server_->ready());
  end_jobs();
  for (const std::string topic : {"orders", "remade"}) {
    if (topic == "remade" && !foreign_) continue;
    ASSERT_TRUE(eventually([&] { return has_caught_up(topic); }, seconds(30)))
        << server_->get("/api/v1/topics/" + topic + "/progress").body;
    for (int p = 0; p < kPartitions; ++p) {
      check_partition_over_http(topic, p, produced_[topic][static_cast<size_t>(p)]);
    }
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

/// It has what Kafka has, and is the topic that Kafka has now.
bool CrashWorld::has_caught_up(const std::string& topic) {
  const RawAnswer answer = server_->get("/api/v1/topics/" + topic + "/progress");
  if (answer.status != 200) return false;
  const Json rows = answer.json()["partitions"];
  const auto marks = cluster_->watermarks({{topic, {0}}, {topic, {1}}, {topic, {2}}}, seconds(5));
  if (!marks || rows.size() != kPartitions) return false;
  for (size_t p = 0; p < kPartitions; ++p) {
    const int64_t end = produced_[topic][p];
    if (rows[p]["end"] != end || rows[p]["indexed_to"] != end) return false;
    if (!(*marks)[p] || rows[p]["low"] != (*marks)[p]->low.value) return false;
  }
  return http(server_->url(), "GET", "/api/v1/search?topic=" + topic + "&key=" + kForeign).json()["hits"].empty();
}

/// Reindexing that was wished to be slow is cancelled, the rest has to come to its end.
void CrashWorld::end_jobs() const {
  const auto jobs = [this] { return server_->get("/api/v1/jobs").json()["jobs"]; };
  for (const Json& job : jobs()) {
    if (job["finished"].is_null() && !job["rate_limit"].is_null()) {
      tell("DELETE", fmt::format("/api/v1/jobs/{}", job["id"].get<uint64_t>()));
    }
  }
  Json last;
  EXPECT_TRUE(eventually([&] {
    last = jobs();
    return std::none_of(last.begin(), last.end(), [](const Json& job) { return job["finished"].is_null(); });
  })) << last;
  for (const Json& job : last) EXPECT_NE(job["state"], "failed") << job;
}

int64_t CrashWorld::total_produced() const {
  const auto& counts = produced_.at("orders");
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

void CrashWorld::check_partition_over_http(const std::string& topic, int partition, int64_t end) {
  const std::string search = fmt::format("/api/v1/search?topic={}&partition={}&order=oldest", topic, partition);
  // Until Kafka's end of the partition is heard of, an answer does not call itself complete.
  ASSERT_TRUE(eventually([&] { return server_->get(search + "&limit=1").json()["complete"].get<bool>(); }));
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
