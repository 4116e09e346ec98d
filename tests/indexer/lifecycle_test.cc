// Opening, pausing, closing, and what goes wrong around them: brokers away, bad requests, expired messages.
#include <gtest/gtest.h>

#include <utility>

#include "indexer/kafka_client.h"
#include "tests/indexer/world.h"

namespace kseek::indexer {
namespace {

Result<void> open(const World& world, const std::string& topic, const std::string& from = "earliest") {
  OpenRequest request;
  request.topic = topic;
  request.from = from;
  return world.indexer->open_topic(request);
}

bool has_unknown_end(const store::TopicStore& topic) {
  const auto view = topic.view();
  return std::any_of(view.partitions.begin(), view.partitions.end(), [](const auto& p) { return !p.end; });
}

TEST(Lifecycle, SaysWhatIsWrongWithARequest) {
  World world;
  world.options.max_topics = 2;
  world.create("t", 2);
  world.send_many("t", 2, 10);
  world.start();
  EXPECT_EQ(open(world, "no/such name").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(open(world, "t", "yesterday").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(open(world, "t", "0:1,0:2").error().code, ErrorCode::kInvalid);
  const auto no_partition = open(world, "t", "7:0");
  ASSERT_FALSE(no_partition);
  EXPECT_EQ(no_partition.error().code, ErrorCode::kInvalid);
  EXPECT_NE(no_partition.error().message.find("partition 7"), std::string::npos);
  const auto beyond = open(world, "t", "0:6");
  ASSERT_FALSE(beyond);
  EXPECT_NE(beyond.error().hint.find("ends at 5"), std::string::npos) << describe(beyond.error());
  EXPECT_TRUE(world.store->topics().empty()) << "nothing was opened by the wrong requests";

  ASSERT_TRUE(open(world, "t"));
  EXPECT_EQ(open(world, "t").error().code, ErrorCode::kConflict);
  world.create("u", 1);
  ASSERT_TRUE(open(world, "u"));
  world.create("v", 1);
  const auto full = open(world, "v");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kConflict);
  EXPECT_NE(full.error().message.find("max_topics"), std::string::npos);

  EXPECT_EQ(world.indexer->close_topic("absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(world.indexer->pause_topic("absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(world.indexer->resume_topic("absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(world.indexer->status("absent").error().code, ErrorCode::kNotFound);
}

TEST(Lifecycle, NamesAWrongProperty) {
  World world;
  auto store = store::Store::open(world.dir.path() / "data", store::OpenMode::kOwner, {});
  ASSERT_TRUE(store);
  const auto start = [&](const std::string& name, const std::string& value) {
    IndexerOptions options = world.options;
    options.kafka[name] = value;
    return Indexer::start(**store, options);
  };
  const auto unknown = start("fetch.wait.max.msec", "10");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalid);
  EXPECT_NE(unknown.error().message.find("fetch.wait.max.msec"), std::string::npos);
  const auto ours = start("auto.offset.reset", "latest");
  ASSERT_FALSE(ours);
  EXPECT_NE(ours.error().message.find("auto.offset.reset"), std::string::npos);
  EXPECT_TRUE(start("fetch.wait.max.ms", "20")) << "others pass through";
}

TEST(Lifecycle, WithoutBrokersOnlyImportsAreServed) {
  World world;
  world.options.brokers.clear();
  world.start();
  const auto opened = open(world, "t");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalid);
  store::TopicConfig config;
  config.name = "dump";
  config.source = store::Source::kImport;
  ASSERT_TRUE(world.store->create_topic(config));
  EXPECT_EQ(world.status("dump").state, TopicState::kImported);
  world.stop();
  world.start();
  EXPECT_EQ(world.status("dump").state, TopicState::kImported);
  EXPECT_EQ(open(world, "dump").error().code, ErrorCode::kConflict);
  EXPECT_EQ(world.indexer->pause_topic("dump").error().code, ErrorCode::kConflict);
  EXPECT_TRUE(world.indexer->close_topic("dump"));
  EXPECT_TRUE(world.store->topics().empty());
}

TEST(Lifecycle, PausesAndResumesAlsoAcrossARestart) {
  World world;
  world.create("t", 2);
  world.start();
  world.open("t");
  world.send_many("t", 2, 100);
  world.wait_caught_up("t");
  ASSERT_TRUE(world.indexer->pause_topic("t"));
  EXPECT_EQ(world.status("t").state, TopicState::kPaused);
  world.send_many("t", 2, 50);
  EXPECT_TRUE(eventually([&] { return world.status("t").lag == 50; })) << "the lag grows, and is seen";
  EXPECT_EQ(world.scan("t").size(), 100U);
  EXPECT_FALSE(world.indexer->wait_caught_up("t", std::chrono::milliseconds(50)));
  world.stop();
  world.start();
  EXPECT_EQ(world.status("t").state, TopicState::kPaused);
  EXPECT_TRUE(eventually([&] { return world.status("t").lag == 50; }));
  ASSERT_TRUE(world.indexer->resume_topic("t"));
  world.wait_caught_up("t");
  expect_whole(world.scan("t"), 150);
  EXPECT_TRUE(eventually([&] { return world.status("t").state == TopicState::kRunning; }));
}

TEST(Lifecycle, ClosesWhileMessagesComeInAndOpensAgain) {
  World world;
  world.create("t", 2);
  world.create("other", 1);
  world.start();
  world.open("other");
  for (int round = 0; round < 3; ++round) {
    world.open("t");
    world.send_many("t", 2, 2'000);
    world.send_many("other", 1, 100);
    ASSERT_TRUE(world.indexer->close_topic("t"));
    EXPECT_EQ(world.store->topic("t"), nullptr);
    EXPECT_EQ(world.indexer->status("t").error().code, ErrorCode::kNotFound);
  }
  world.wait_caught_up("other");
  expect_whole(world.scan("other"), 300);
  world.open("t");
  world.wait_caught_up("t");
  expect_whole(world.scan("t"), 6'000);
}

TEST(Lifecycle, BrokerDownAtStartThenUp) {
  World world;
  world.create("t", 2);
  world.create("opened-while-down", 1);
  world.send_many("t", 2, 100);
  world.start();
  world.open("t");
  world.wait_caught_up("t");
  world.send_many("t", 2, 20);
  world.send_many("opened-while-down", 1, 10);
  world.stop();
  world.broker->set_down(true);
  world.start();
  EXPECT_TRUE(eventually([&] { return world.status("t").reason.find("is down since") != std::string::npos; }));
  EXPECT_EQ(world.status("t").state, TopicState::kStarting);
  EXPECT_TRUE(has_unknown_end(*world.store->topic("t")));
  world.open("opened-while-down");
  EXPECT_EQ(world.status("opened-while-down").state, TopicState::kStarting);
  EXPECT_NE(world.status("opened-while-down").reason.find("down"), std::string::npos);
  EXPECT_EQ(world.indexer->wait_caught_up("t", std::chrono::milliseconds(100)).error().code, ErrorCode::kTimeout);

  world.broker->set_down(false);
  world.wait_caught_up("t");
  world.wait_caught_up("opened-while-down");
  expect_whole(world.scan("t"), 120);
  expect_whole(world.scan("opened-while-down"), 10);
  EXPECT_TRUE(eventually([&] {
    const auto status = world.status("t");
    return status.state == TopicState::kRunning && status.reason.empty();
  })) << world.status("t").reason;
}

TEST(Lifecycle, BrokerDownLaterIsSeenAndPasses) {
  World world;
  world.create("t", 2);
  world.start();
  world.open("t");
  world.send_many("t", 2, 100);
  world.wait_caught_up("t");
  const auto topic = world.store->topic("t");
  ASSERT_TRUE(eventually([&] { return !has_unknown_end(*topic); }));
  for (int round = 1; round <= 2; ++round) {
    world.broker->set_down(true);
    EXPECT_TRUE(eventually([&] { return has_unknown_end(*topic); }));
    EXPECT_TRUE(eventually([&] { return world.status("t").reason.find("is down since") != std::string::npos; }));
    world.broker->set_down(false);
    world.send_many("t", 2, 100);
    world.wait_caught_up("t");
    expect_whole(world.scan("t"), 100 + static_cast<size_t>(round) * 100);
    EXPECT_TRUE(eventually([&] { return !has_unknown_end(*topic) && world.status("t").reason.empty(); }));
  }
}

TEST(Lifecycle, StopsInTimeWhileTheBrokerIsDown) {
  World world;
  world.create("t", 2);
  world.start();
  world.open("t");
  world.send_many("t", 2, 100);
  world.wait_caught_up("t");
  world.broker->set_down(true);
  const auto begin = std::chrono::steady_clock::now();
  world.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  world.start();
  expect_whole(world.scan("t"), 100);
}

TEST(Lifecycle, ExpiredMessagesVanish) {
  World world;
  world.create("t", 1);
  world.start();
  world.open("t");
  const std::string filler(1'000, 'f');
  for (int round = 0; round < 3; ++round) {
    world.send_many("t", 1, 4'000, filler);  // 12 MB in all: the broker keeps the newest 5 MiB
    world.wait_caught_up("t");
  }
  const auto topic = world.store->topic("t");
  EXPECT_TRUE(eventually([&] {
    const auto view = topic->view();
    return view.partitions[0].low.value > 4'000 && world.scan("t").front().offset == view.partitions[0].low.value;
  }));
  const auto all = world.scan("t");
  EXPECT_EQ(all.back().offset, 11'999);
  EXPECT_EQ(all.size(), static_cast<size_t>(12'000 - all.front().offset));
  EXPECT_TRUE(eventually([&] { return topic->stats().messages < 12'000; })) << "whole blocks are dropped";
}

TEST(Lifecycle, MessagesThatExpireWhileItIsStoppedAreSkipped) {
  World world;
  world.create("t", 1);
  world.start();
  world.open("t");
  const std::string filler(1'000, 'f');
  world.send_many("t", 1, 1'000, filler);
  world.wait_caught_up("t");
  world.stop();
  world.send_many("t", 1, 12'000, filler);
  world.start();
  world.wait_caught_up("t");
  const auto all = world.scan("t");
  ASSERT_FALSE(all.empty());
  EXPECT_GT(all.front().offset, 1'000);
  EXPECT_EQ(all.back().offset, 12'999);
  EXPECT_EQ(all.size(), static_cast<size_t>(13'000 - all.front().offset));
  EXPECT_TRUE(eventually([&] { return world.status("t").state == TopicState::kRunning; }));
}

TEST(Lifecycle, KafkasToolsSeeHowFarItIs) {
  World world;
  world.options.seal_after = std::chrono::milliseconds(100);
  world.create("t", 1);
  world.start();
  world.open("t");
  world.send_many("t", 1, 100);
  world.wait_caught_up("t");
  auto group = Client::create(RD_KAFKA_CONSUMER, world.broker->address(), {{"group.id", "kseek-t"}}, {}, {});
  ASSERT_TRUE(group);
  const PartitionList list = make_partition_list(1);
  auto* partition = rd_kafka_topic_partition_list_add(list.get(), "t", 0);
  EXPECT_TRUE(eventually([&] {
    return rd_kafka_committed((*group)->get(), list.get(), 1'000) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           partition->offset == 100;
  })) << partition->offset;
}

TEST(Lifecycle, ARecreatedTopicIsIndexedAnew) {
  World world;
  world.create("shorter", 1);
  world.create("longer", 1);
  world.create("narrower", 3);
  world.start();
  for (const char* topic : {"shorter", "longer", "narrower"}) {
    world.open(topic);
    world.send_many(topic, 1, 100, "first life ");
    world.wait_caught_up(topic);
  }
  for (const char* topic : {"shorter", "longer", "narrower"}) {
    // The test broker can't create a topic again, and another one is another cluster.
    store::TopicConfig config = world.store->topic(topic)->config();
    EXPECT_FALSE(std::exchange(config.cluster_id, "").empty());
    ASSERT_TRUE(world.store->topic(topic)->update_config(config));
  }
  world.stop();
  // The same names, other contents.
  const auto first_broker = world.move_to_another_broker();
  world.create("shorter", 1);
  world.create("longer", 1);
  world.create("narrower", 2);
  world.send_many("shorter", 1, 50, "second life ");
  world.send_many("longer", 1, 200, "second life ");
  world.start();
  for (const auto& [name, count] : {std::pair("shorter", 50U), std::pair("longer", 200U), std::pair("narrower", 0U)}) {
    const auto said = [&world, topic = name] {
      const auto events = world.store->topic(topic)->events();
      return !events.empty() && events.back().text.find("created again") != std::string::npos;
    };
    EXPECT_TRUE(eventually(said)) << name << ": " << world.status(name).reason;
    world.wait_caught_up(name);
    expect_whole(world.scan(name), count);
    for (const auto& message : world.scan(name)) EXPECT_EQ(message.value->substr(0, 6), "second");
    EXPECT_TRUE(eventually([&world, topic = name] { return world.status(topic).state == TopicState::kRunning; }));
  }
}

TEST(Lifecycle, AnotherClusterAtTheAddressChangesNothing) {
  World world;
  world.create("t", 1);
  world.create("paused", 1);
  world.start();
  for (const char* topic : {"t", "paused"}) {
    world.open(topic);
    world.send_many(topic, 1, 100);
    world.wait_caught_up(topic);
  }
  ASSERT_TRUE(world.indexer->pause_topic("paused"));
  world.stop();
  const auto first_broker = world.move_to_another_broker();
  world.create("t", 1);
  world.create("paused", 1);
  world.send_many("t", 1, 200, "of another cluster ");
  world.start();
  EXPECT_TRUE(eventually([&] { return world.status("t").state == TopicState::kFailed; }));
  EXPECT_NE(world.status("t").reason.find("another Kafka cluster"), std::string::npos) << world.status("t").reason;
  EXPECT_TRUE(eventually([&] { return !world.status("paused").reason.empty(); }));
  EXPECT_EQ(world.status("paused").state, TopicState::kPaused);
  for (const char* topic : {"t", "paused"}) {
    expect_whole(world.scan(topic), 100);
    for (const auto& message : world.scan(topic)) EXPECT_EQ(message.value->substr(0, 1), "m");
  }
  // The operator says that it has moved.
  ReindexRequest request;
  request.topic = "t";
  request.source = store::JobSource::kKafka;
  const auto job = world.indexer->jobs().reindex(request);
  ASSERT_TRUE(job) << describe(job.error());
  EXPECT_TRUE(eventually([&] { return world.status("t").state == TopicState::kRunning; })) << world.status("t").reason;
  expect_whole(world.scan("t"), 200);
  world.stop();
  // And back: nothing of that topic is there.
  world.options.brokers = first_broker->address();
  world.start();
  EXPECT_TRUE(eventually([&] { return world.status("t").state == TopicState::kFailed; }));
  EXPECT_TRUE(eventually([&] { return world.status("paused").reason.empty(); })) << world.status("paused").reason;
  expect_whole(world.scan("t"), 200);
}

}  // namespace
}  // namespace kseek::indexer
