// Words and prefixes of real-looking messages are found through merged segments with a dictionary of many thousand
// terms: more than the oracle's small worlds have.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "bench/data_generator.h"
#include "query/request.h"
#include "tests/query/scratch_store.h"
#include "tokenizer/tokenizer.h"

namespace kseek::query {
namespace {

constexpr uint64_t kMessages = 24'000;
constexpr int kPartitions = 3;

class LargeIndex : public testing::Test {
 protected:
  LargeIndex() : scratch_(options()), generator_(20, kPartitions) {
    store::TopicConfig config;
    config.name = "events";
    config.source = store::Source::kImport;
    const auto topic = need(scratch_->create_topic(config));
    for (int32_t p = 0; p < kPartitions; ++p) need(topic->start_partition({p}, kMinOffset));
    for (uint64_t n = 0; n < kMessages; ++n) {
      const MessageView message = generator_.next();
      topic->append(message.partition, {&message, 1});
      times_.push_back(message.create_time);
      const std::string_view value = message.value.value_or("");
      const bool json_escapes = value.starts_with('{') && value.find('\\') != std::string_view::npos;
      for (std::string& token : tokenizer::reference_tokens(value, json_escapes)) {
        std::vector<uint64_t>& having = having_[std::move(token)];
        if (having.empty() || having.back() != n) having.push_back(n);
      }
    }
    need(topic->flush());
    while (need(topic->merge_next())) continue;
    for (const auto& [token, having] : having_) tokens_.push_back(token);
    EXPECT_GT(topic->view().index->segments.front()->meta().level, 0U) << "nothing was merged";
  }

  static store::StoreOptions options() {
    store::StoreOptions options;
    options.blocks.max_messages = 256;
    options.blocks.blocks_per_segment = 4;
    return options;
  }

  /// Positions of the newest ten of these messages, best first.
  std::vector<std::string> newest(const std::set<uint64_t>& numbers) {
    std::vector<std::tuple<Timestamp, PartitionId, Offset>> keys;
    for (const uint64_t n : numbers) {
      const bench::Position at = generator_.position(n);
      keys.emplace_back(times_[n], at.partition, at.offset);
    }
    std::sort(keys.rbegin(), keys.rend());
    if (keys.size() > kMaxHits) keys.resize(kMaxHits);
    std::vector<std::string> positions;
    for (const auto& [time, partition, offset] : keys) {
      positions.push_back(fmt::format("{}/{}", partition.value, offset.value));
    }
    return positions;
  }

  std::vector<std::string> found(const std::string& text) {
    return found(need(parse_text_condition(Scope::kValue, text)));
  }
  std::vector<std::string> found(Condition where) {
    SearchRequest request;
    request.topics = {"events"};
    request.where = std::move(where);
    const SearchAnswer answer = need(search(*scratch_, request));
    EXPECT_TRUE(answer.complete);
    std::vector<std::string> positions;
    for (const Hit& hit : answer.hits) {
      positions.push_back(fmt::format("{}/{}", hit.message().partition.value, hit.message().offset.value));
    }
    return positions;
  }

  ScratchStore scratch_;
  bench::MessageGenerator generator_;
  std::vector<Timestamp> times_;
  std::map<std::string, std::vector<uint64_t>> having_;
  std::vector<std::string> tokens_;
};

TEST_F(LargeIndex, FindsWordsAndPrefixes) {
  std::mt19937_64 random(5);
  ASSERT_GT(tokens_.size(), 50'000U);
  for (int i = 0; i < 400; ++i) {
    const std::string& token = tokens_[random() % tokens_.size()];
    ASSERT_EQ(found(token), newest({having_[token].begin(), having_[token].end()})) << token;
    const bool ascii = static_cast<uint8_t>(token.front()) < 0x80;
    const std::string prefix = token.substr(0, 2 + random() % 6);
    if (!ascii || (static_cast<uint8_t>(prefix.back()) & 0x80) != 0) continue;
    std::set<uint64_t> below;
    for (auto it = having_.lower_bound(prefix); it != having_.end() && it->first.starts_with(prefix); ++it) {
      below.insert(it->second.begin(), it->second.end());
    }
    ASSERT_EQ(found(prefix + "*"), newest(below)) << prefix << "*";
  }
}

TEST_F(LargeIndex, FindsPiecesOfWords) {
  std::mt19937_64 random(6);
  const auto having_piece = [&](const std::string& piece, bool at_end) {
    std::set<uint64_t> numbers;
    for (const auto& [token, having] : having_) {
      const bool has = at_end ? token.ends_with(piece) : token.find(piece) != std::string::npos;
      if (has) numbers.insert(having.begin(), having.end());
    }
    return numbers;
  };
  const auto is_ascii = [](char c) { return static_cast<uint8_t>(c) < 0x80; };
  for (int i = 0; i < 60; ++i) {
    const std::string& token = tokens_[random() % tokens_.size()];
    if (token.size() < 4 || !std::all_of(token.begin(), token.end(), is_ascii)) continue;
    const size_t at = random() % (token.size() - 3);
    const std::string piece = token.substr(at, 3 + random() % 6);
    ASSERT_EQ(found("*" + piece + "*"), newest(having_piece(piece, false))) << piece;
    const std::string tail = token.substr(at);
    ASSERT_EQ(found("*" + tail), newest(having_piece(tail, true))) << tail;
  }
}

// Blocks have eight slices of 32 messages, in two frames or more.
TEST_F(LargeIndex, FindsWordsAnywhereInAMessage) {
  std::mt19937_64 random(7);
  std::vector<const std::string*> frequent;
  for (const std::string& token : tokens_) {
    if (having_[token].size() > 300) frequent.push_back(&token);
  }
  ASSERT_GT(frequent.size(), 100U);
  const auto in_value = [](const std::string& token) { return need(parse_text_condition(Scope::kValue, token)); };
  size_t hits = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string& a = *frequent[random() % frequent.size()];
    const std::string& b = i % 2 == 0 ? *frequent[random() % frequent.size()] : tokens_[random() % tokens_.size()];
    std::set<uint64_t> both;
    std::set_intersection(having_[a].begin(), having_[a].end(), having_[b].begin(), having_[b].end(),
                          std::inserter(both, both.end()));
    Condition where;
    where.kind = Condition::Kind::kAnd;
    where.children = {in_value(a), in_value(b)};
    ASSERT_EQ(found(where), newest(both)) << a << " AND " << b;
    hits += both.size();
  }
  EXPECT_GT(hits, 1'000U);
}

}  // namespace
}  // namespace kseek::query
