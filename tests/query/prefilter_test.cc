// The prefilter never drops a message that matches, in open and in stored blocks, and drops most of those that don't.
#include "query/prefilter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "query/matcher.h"
#include "query/query_text.h"
#include "store/block_format.h"
#include "tests/query/random_query.h"
#include "tests/query/scratch_store.h"

namespace kseek::query {
namespace {

Condition parse(const std::string& text) { return need(parse_query(text, Timestamp{0})); }

/// A block of values, none with a key.
std::unique_ptr<store::OpenBlock> block_of(const std::vector<std::string>& values) {
  auto block = std::make_unique<store::OpenBlock>(PartitionId{0}, 1'000, 1'000'000);
  for (const std::string& value : values) {
    MessageView message;
    message.offset = {static_cast<int64_t>(block->size())};
    message.value = value;
    EXPECT_TRUE(block->append(message));
  }
  return block;
}

std::shared_ptr<const store::DecodedBlock> stored(const store::OpenBlock& block, store::Columns columns) {
  return need(store::DecodedBlock::decode(store::encode_block(block, block.size()).bytes, {0}, columns));
}

/// Of all messages of a block, of which nothing has to be loaded.
MessageSet messages_of(const Prefilter& prefilter, const store::MessageBlock& block) {
  MessageSet all(block.size());
  all.add_all();
  need(prefilter.load(block, 0, block.size()));
  return need(prefilter.messages(block, all));
}

std::vector<size_t> kept(const std::string& query, const std::vector<std::string>& values) {
  const auto block = block_of(values);
  const Prefilter prefilter(parse(query));
  if (!prefilter.filters()) return {9'999};
  const MessageSet in_memory = messages_of(prefilter, *block);
  EXPECT_EQ(in_memory, messages_of(prefilter, *stored(*block, store::Columns::all()))) << query;
  EXPECT_EQ(in_memory, messages_of(prefilter, *stored(*block, store::Columns::none()))) << query;
  std::vector<size_t> places;
  for (size_t i = 0; i < values.size(); ++i) {
    if (in_memory.contains(i)) places.push_back(i);
  }
  return places;
}

TEST(Prefilter, KeepsMessagesWithTheLongestLiteral) {
  using Places = std::vector<size_t>;
  const std::vector<std::string> values = {"Payment TIMEOUT",
                                           "a payment",
                                           "pay",
                                           "ment",           // 1 and 3 stand behind each other
                                           "pay\u00ADment",  // a soft hyphen: folds away
                                           R"({"a":"\u0070ayment"})",
                                           R"({"a":"pay\nment"})",
                                           "支付 超时",
                                           "支付",  // 5 spells payment
                                           ""};
  EXPECT_EQ(kept("payment", values), (Places{0, 1, 4, 5}));
  EXPECT_EQ(kept("\"payment timeout\"", values), (Places{0, 4, 5}));
  EXPECT_EQ(kept("*aymen*", values), (Places{0, 1, 4, 5}));
  EXPECT_EQ(kept("payment OR ment", values), (Places{0, 1, 3, 4, 5, 6}));
  EXPECT_EQ(kept("支付", values), (Places{4, 5, 7, 8}));
  EXPECT_EQ(kept("-payment", values), Places{9'999});
  EXPECT_EQ(kept("payment OR -pay", values), Places{9'999});
  EXPECT_EQ(kept("offset:1..3", values), Places{9'999});
  EXPECT_EQ(kept("value:*", values), Places{9'999});
  EXPECT_EQ(kept("/.yment/", values), (Places{0, 1, 5}));
  EXPECT_EQ(kept("/.ayment/i", values), (Places{0, 1, 4, 5}));
  EXPECT_EQ(kept("/.y.en/i", values), Places{9'999});
  EXPECT_EQ(kept("/t TIME/", values), Places{0});
  EXPECT_EQ(kept("key:payment", values), Places{});
  EXPECT_EQ(kept("header:payment", values), Places{});
}

TEST(Prefilter, ColumnsAreThoseThatTheConditionNeeds) {
  const auto columns = [](const std::string& query) {
    const store::Columns c = columns_of(parse(query));
    return std::string(c.keys ? "k" : "") + (c.values ? "v" : "") + (c.headers ? "h" : "");
  };
  EXPECT_EQ(columns("key:a"), "k");
  EXPECT_EQ(columns("a"), "kv");
  EXPECT_EQ(columns("value.x:1"), "v");
  EXPECT_EQ(columns("header.h:a OR key:/b/"), "kh");
  EXPECT_EQ(columns("-header:a value:b"), "vh");
  EXPECT_EQ(columns("offset:1"), "");
}

/// Its longest word in one frame, where it is looked for; its other words in the next one, or the one before.
TEST(Prefilter, KeepsAPhraseAcrossFrames) {
  const std::string gap(30, '.');
  const std::string phrase = "in" + gap + "settlement" + gap + "of";
  const Prefilter prefilter(parse("\"in settlement of\""));
  const size_t edge = store::kFrames.raw_bytes;
  for (size_t before = 0; before <= phrase.size(); ++before) {
    const std::string value = std::string(2 * edge - before, '-') + phrase + std::string(edge, '-');
    const auto block = block_of({value, "in settlement", "settlement of", "", "", ""});
    MessageSet only(block->size());
    only.add(0);
    EXPECT_EQ(messages_of(prefilter, *stored(*block, store::Columns::none())), only) << before << " bytes before";
    EXPECT_EQ(messages_of(prefilter, *block), only);
  }
}

/// A text with others around it.
std::string in_the_middle_of(const std::string& text, RandomText& random) {
  return std::string(random.below(3'000), ' ') + text + std::string(random.below(3'000), ' ');
}

TEST(PrefilterProperty, KeepsWhatMatches) {
  const char* const set = std::getenv("KSEEK_SEED");
  const uint64_t seed = set == nullptr ? 1 : std::strtoull(set, nullptr, 10);
  SCOPED_TRACE(testing::Message() << "KSEEK_SEED=" << seed);
  RandomText random(seed);
  size_t matches = 0, dropped = 0;
  for (int round = 0; round < 300; ++round) {
    const bool frames = round % 5 == 0;  // several of them: texts stand where one ends
    store::OpenBlock block({0}, 60, 1'000'000);
    for (size_t n = 1 + random.below(60); n > 0; --n) {
      const RandomText::Text key = random.text();
      RandomText::Text value = random.text();
      if (frames && value.bytes) *value.bytes = in_the_middle_of(*value.bytes, random);
      std::string headers;
      if (random.one_in(3)) append_header(headers, random.words(), random.text().bytes);
      MessageView message;
      message.offset = {static_cast<int64_t>(block.size())};
      message.key = key.bytes;
      message.value = value.bytes;
      message.headers = HeaderList(headers);
      ASSERT_TRUE(block.append(message));
    }
    const auto decoded = stored(block, store::Columns::all());
    for (int query = 0; query < 20; ++query) {
      std::optional<Condition> where;
      if (random.one_in(2)) {
        RandomQuery texts(random, Timestamp{0}, [] { return Timestamp{0}; });
        where = parse(texts.query().text);
      } else if (auto pair = random.condition(3)) {
        where = std::move(pair->condition);
      }
      if (!where) continue;
      const Prefilter prefilter(*where);
      if (!prefilter.filters()) continue;
      Matcher matcher(where);
      const MessageSet in_memory = messages_of(prefilter, block);
      const MessageSet in_columns = messages_of(prefilter, *decoded);
      const MessageSet in_parts = messages_of(prefilter, *stored(block, store::Columns::none()));
      for (size_t i = 0; i < block.size(); ++i) {
        const bool match = matcher.matches(block.message(i), TimeKind::kCreate);
        ASSERT_TRUE(!match || (in_memory.contains(i) && in_columns.contains(i) && in_parts.contains(i)))
            << where->to_string() << " in " << testing::PrintToString(std::string(block.message(i).value.value_or("")));
        matches += match ? 1 : 0;
        dropped += in_columns.contains(i) ? 0 : 1;
      }
    }
  }
  EXPECT_GT(matches, 1'000U);
  EXPECT_GT(dropped, 10'000U);
}

}  // namespace
}  // namespace kseek::query
