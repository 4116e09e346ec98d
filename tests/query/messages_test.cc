// Messages from a position on, compared with a plain walk over everything that was ever appended: random stores,
// random positions, the store at work between two pages.
#include "query/messages.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "tests/query/scratch_store.h"
#include "tests/query/world.h"

namespace kseek::query {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kWorlds = 150;
constexpr int kQuestionsAWorld = 20;

size_t raw_bytes(const OracleMessage& message) {
  return (message.key ? message.key->size() : 0) + (message.value ? message.value->size() : 0) +
         message.encoded_headers.size();
}

/// As many of them as an answer may have.
std::vector<const OracleMessage*> page_of(const std::vector<const OracleMessage*>& all, const MessagesRequest& request,
                                          size_t begin = 0) {
  std::vector<const OracleMessage*> page;
  uint64_t bytes = 0;
  for (size_t i = begin; i < all.size() && page.size() < request.limit; ++i) {
    bytes += raw_bytes(*all[i]);
    if (!page.empty() && bytes > request.max_bytes) break;
    page.push_back(all[i]);
  }
  return page;
}

/// What is wrong with the messages of an answer, or nothing.
std::string compare(const std::vector<Hit>& got, const std::vector<const OracleMessage*>& expected) {
  if (got.size() != expected.size()) return fmt::format("{} messages, expected {}", got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    const store::StoredMessage& message = got[i].message();
    const OracleMessage& wanted = *expected[i];
    if (message.partition != wanted.partition || message.offset != wanted.offset || message.key != wanted.key ||
        message.value != wanted.value || message.headers.encoded() != wanted.encoded_headers ||
        message.create_time != wanted.create_time) {
      return fmt::format("message {} is {}/{}, expected {}/{}", i, message.partition.value, message.offset.value,
                         wanted.partition.value, wanted.offset.value);
    }
  }
  return "";
}

class PlainWalk {
 public:
  PlainWalk(World& world, uint32_t topic)
      : world_(world), topic_(topic), view_(world.store().topic(world.topics()[topic])->view()) {}

  [[nodiscard]] const store::TopicView& view() const { return view_; }
  [[nodiscard]] std::vector<const OracleMessage*> from_offset(PartitionId partition, Offset offset) const {
    return sorted([&](const OracleMessage& m) { return m.partition == partition && m.offset >= offset; },
                  [](const OracleMessage& m) { return std::tuple(Timestamp{0}, m.partition, m.offset); });
  }
  [[nodiscard]] std::vector<const OracleMessage*> from_time(const std::optional<std::vector<PartitionId>>& partitions,
                                                            Timestamp time) const {
    const TimeKind kind = view_.config.time_kind;
    return sorted(
        [&](const OracleMessage& m) {
          const bool asked =
              !partitions || std::find(partitions->begin(), partitions->end(), m.partition) != partitions->end();
          return asked && m.time(kind) >= time;
        },
        [kind](const OracleMessage& m) { return std::tuple(m.time(kind), m.partition, m.offset); });
  }

 private:
  template <class Wanted, class Key>
  [[nodiscard]] std::vector<const OracleMessage*> sorted(Wanted&& wanted, Key&& key) const {
    const std::vector<OracleTopic> topics = world_.oracle_topics();
    std::vector<const OracleMessage*> found;
    for (const OracleMessage& message : world_.messages()) {
      if (message.topic == topic_ && is_retained(message, topics) && wanted(message)) found.push_back(&message);
    }
    std::sort(found.begin(), found.end(), [&](const auto* a, const auto* b) { return key(*a) < key(*b); });
    return found;
  }

  World& world_;
  const uint32_t topic_;
  const store::TopicView view_;
};

/// What is wrong with the places between begins_at and next_offset: each is a message's or in a gap.
std::string check_places(const MessagesAnswer& answer, const store::PartitionView& partition, Offset asked) {
  if (answer.begins_at != std::max(asked, partition.low)) return "it begins elsewhere";
  if (answer.notes.empty() != (asked >= partition.low && asked <= partition.indexed_to)) return "the notes are wrong";
  std::vector<OffsetGap> places = answer.gaps;
  for (const Hit& hit : answer.messages) places.push_back({hit.message().offset, hit.message().offset});
  std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Offset next = *answer.begins_at;
  for (const OffsetGap& place : places) {
    if (place.first != next || place.last < place.first) return fmt::format("offset {} is in no place", next.value);
    next = place.last.next();
  }
  if (answer.next_offset != next) return fmt::format("the next offset is not {}", next.value);
  if (answer.more != (next < partition.indexed_to)) return "more is wrong";
  return "";
}

/// Complete unless what follows in Kafka was asked for as well, and is not there or not known.
bool expect_complete(const MessagesAnswer& answer, const PlainWalk& walk, const store::PartitionView& partition) {
  if (answer.more || walk.view().config.source == store::Source::kImport) return true;
  return partition.end && (*partition.end <= partition.indexed_to || *partition.end <= *answer.next_offset);
}

MessagesRequest random_request(World& world, uint32_t topic) {
  MessagesRequest request;
  request.topic = world.topics()[topic];
  request.limit = world.random().one_in(2) ? kMaxHits : 1 + world.random().below(kMaxHits);
  if (world.random().one_in(3)) request.max_bytes = world.random().below(200);
  return request;
}

std::string ask_by_offset(World& world, uint32_t topic) {
  MessagesRequest request = random_request(world, topic);
  const auto partitions = PlainWalk(world, topic).view().partitions;
  const PartitionId partition = partitions[world.random().below(partitions.size())].partition;
  request.partitions = {partition};
  request.offset = Offset{static_cast<int64_t>(world.random().below(250))};
  for (int page = 0; page < 30; ++page) {
    const PlainWalk walk(world, topic);
    const auto& row = walk.view().partitions[static_cast<size_t>(partition.value)];
    const auto answer = read_messages(world.store(), request);
    if (!answer) return describe(answer.error());
    std::string wrong = compare(answer->messages, page_of(walk.from_offset(partition, *request.offset), request));
    if (wrong.empty()) wrong = check_places(*answer, row, *request.offset);
    if (wrong.empty() && answer->complete != expect_complete(*answer, walk, row)) wrong = "complete is wrong";
    if (!wrong.empty()) {
      return fmt::format("partition {} offset {}: {}", partition.value, request.offset->value, wrong);
    }
    request.offset = answer->next_offset;
    if (!answer->more && world.random().one_in(2)) break;
    if (world.random().one_in(3)) world.work();
  }
  return "";
}

std::string ask_by_time(World& world, uint32_t topic) {
  MessagesRequest request = random_request(world, topic);
  request.time = world.random_time();
  if (world.random().one_in(3)) request.partitions = {PartitionId{static_cast<int32_t>(world.random().below(4))}};
  const auto all = PlainWalk(world, topic).from_time(request.partitions, *request.time);
  for (size_t given = 0;;) {
    const auto answer = read_messages(world.store(), request);
    if (!answer) return describe(answer.error());
    const std::string wrong = compare(answer->messages, page_of(all, request, given));
    if (!wrong.empty()) return fmt::format("time {} after {}: {}", request.time->ms, given, wrong);
    given += answer->messages.size();
    if (answer->more == answer->cursor.empty()) return "more and cursor disagree";
    if (!answer->more) return given == all.size() ? "" : fmt::format("ended after {} of {}", given, all.size());
    request.cursor = answer->cursor;
  }
}

TEST(Messages, EqualAPlainWalk) {
  const char* text = std::getenv("KSEEK_SEED");
  const uint64_t first_seed = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
  for (uint64_t seed = first_seed; seed < first_seed + kWorlds; ++seed) {
    World world(seed);
    for (int n = 0; n < kQuestionsAWorld; ++n) {
      const auto topic = static_cast<uint32_t>(world.random().below(world.topics().size()));
      ASSERT_EQ(ask_by_offset(world, topic), "") << "KSEEK_SEED=" << seed << ", its question " << n;
      ASSERT_EQ(ask_by_time(world, topic), "") << "KSEEK_SEED=" << seed << ", its question " << n;
      world.work();
    }
  }
}

class MessagesOfOne : public testing::Test {
 protected:
  MessagesOfOne() {
    store::TopicConfig config;
    config.name = "t";
    topic_ = need(scratch_->create_topic(config));
    need(topic_->start_partition({0}, kMinOffset));
  }
  void append(int64_t offset, int64_t time, size_t bytes = 1) {
    const std::string value(bytes, 'v');
    MessageView message;
    message.offset = {offset};
    message.create_time = message.ingest_time = {time};
    message.value = value;
    topic_->append({0}, {&message, 1});
  }
  MessagesRequest ask() {
    MessagesRequest request;
    request.topic = "t";
    return request;
  }
  MessagesRequest from(int64_t offset) {
    MessagesRequest request = ask();
    request.partitions = {PartitionId{0}};
    request.offset = Offset{offset};
    return request;
  }
  ErrorCode code(const MessagesRequest& request) {
    const auto answer = read_messages(*scratch_, request);
    return answer ? ErrorCode::kInternal : answer.error().code;
  }
  static std::vector<int64_t> offsets(const MessagesAnswer& answer) {
    std::vector<int64_t> all;
    for (const Hit& hit : answer.messages) all.push_back(hit.message().offset.value);
    return all;
  }

  ScratchStore scratch_;
  std::shared_ptr<store::TopicStore> topic_;
};

TEST_F(MessagesOfOne, RefusesWhatMakesNoSense) {
  EXPECT_EQ(code(ask()), ErrorCode::kInvalid) << "no position";
  MessagesRequest request = from(0);
  request.time = Timestamp{0};
  EXPECT_EQ(code(request), ErrorCode::kInvalid) << "two positions";
  request = from(0);
  request.partitions.reset();
  EXPECT_EQ(code(request), ErrorCode::kInvalid) << "an offset of all partitions";
  request = from(0);
  request.partitions = {PartitionId{1}};
  EXPECT_EQ(code(request), ErrorCode::kNotFound);
  request = from(0);
  request.topic = "t*";
  EXPECT_EQ(code(request), ErrorCode::kNotFound);
  for (const size_t limit : {size_t{0}, kMaxHits + 1}) {
    request = from(0);
    request.limit = limit;
    EXPECT_EQ(code(request), ErrorCode::kInvalid);
  }
  request = from(0);
  request.cursor = "c";
  EXPECT_EQ(code(request), ErrorCode::kInvalid);
  request = from(0);
  const std::atomic<bool> gone{true};
  request.cancelled = &gone;
  append(0, 1);
  EXPECT_EQ(code(request), ErrorCode::kTimeout);
}

TEST_F(MessagesOfOne, BelowLowItBeginsAtLowAndSaysSo) {
  for (int64_t offset = 0; offset < 8; ++offset) append(offset, 100);
  topic_->set_watermarks({0}, {5}, Offset{9});
  const MessagesAnswer answer = need(read_messages(*scratch_, from(2)));
  EXPECT_THAT(offsets(answer), ElementsAre(5, 6, 7));
  EXPECT_EQ(answer.begins_at, Offset{5});
  EXPECT_THAT(answer.notes, ElementsAre(HasSubstr("offsets 2 to 4 have expired")));
  EXPECT_FALSE(answer.complete);
  EXPECT_THAT(answer.incomplete_because, ElementsAre(HasSubstr("1 message is not indexed yet")));
  ASSERT_EQ(answer.coverage.size(), 1U);
  EXPECT_EQ(answer.coverage[0].lag, 1U);
}

TEST_F(MessagesOfOne, GapsAndTheEndAreTold) {
  append(3, 100);
  append(4, 100);
  append(9, 100);
  topic_->advance({0}, {12});
  topic_->set_watermarks({0}, {0}, Offset{12});
  MessagesAnswer answer = need(read_messages(*scratch_, from(1)));
  EXPECT_THAT(offsets(answer), ElementsAre(3, 4, 9));
  EXPECT_THAT(answer.gaps, ElementsAre(OffsetGap{{1}, {2}}, OffsetGap{{5}, {8}}, OffsetGap{{10}, {11}}));
  EXPECT_EQ(answer.next_offset, Offset{12});
  EXPECT_TRUE(answer.complete);
  EXPECT_FALSE(answer.more);
  answer = need(read_messages(*scratch_, from(12)));
  EXPECT_THAT(offsets(answer), IsEmpty());
  EXPECT_EQ(answer.next_offset, Offset{12});
  EXPECT_THAT(answer.notes, IsEmpty());
  answer = need(read_messages(*scratch_, from(20)));
  EXPECT_EQ(answer.next_offset, Offset{20});
  EXPECT_THAT(answer.notes, ElementsAre(HasSubstr("beyond")));
}

TEST_F(MessagesOfOne, TenMebibytesAnAnswerAndOneMessageAlways) {
  constexpr size_t kBig = 6'000'000;
  append(0, 300, kBig);
  append(1, 200, kBig);
  append(2, 100, 1);
  MessagesAnswer answer = need(read_messages(*scratch_, from(0)));
  EXPECT_THAT(offsets(answer), ElementsAre(0));
  EXPECT_TRUE(answer.more);
  answer = need(read_messages(*scratch_, from(answer.next_offset->value)));
  EXPECT_THAT(offsets(answer), ElementsAre(1, 2));
  MessagesRequest request = ask();
  request.time = Timestamp{0};
  answer = need(read_messages(*scratch_, request));
  EXPECT_THAT(offsets(answer), ElementsAre(2, 1)) << "by time";
  request.cursor = answer.cursor;
  answer = need(read_messages(*scratch_, request));
  EXPECT_THAT(offsets(answer), ElementsAre(0));
  request.cursor.clear();
  request.max_bytes = 0;
  EXPECT_THAT(offsets(need(read_messages(*scratch_, request))), ElementsAre(2));
}

/// What Kafka's look-up would do differently: it gives offset 1 for time 200, and offset 2 follows.
TEST_F(MessagesOfOne, FromATimeLateOnesAreLeftOut) {
  append(0, 100);
  append(1, 300);
  append(2, 150);
  append(3, 200);
  MessagesRequest request = ask();
  request.time = Timestamp{200};
  EXPECT_THAT(offsets(need(read_messages(*scratch_, request))), ElementsAre(3, 1));
}

}  // namespace
}  // namespace kseek::query
