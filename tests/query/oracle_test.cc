// The test of the engine: random messages, random queries, the same answer as a full scan, order included, while part
// of the data is sealed and part in memory, part indexed and part not, while messages come and go between two pages,
// and while time and byte limits cut the pages short.
//
// Half of the queries are conditions on text built by hand, half are query texts from the grammar, with every operator.
//
// KSEEK_SEED (default 1) is the first world's seed, the next ones count up; KSEEK_ORACLE_QUERIES (default 10,000) says
// how many queries. A failure prints the world's seed and the smallest failing form of the query.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "query/query_text.h"
#include "tests/query/operator_census.h"
#include "tests/query/random_query.h"
#include "tests/query/world.h"
#include "tokenizer/tokenizer.h"

namespace kseek::query {
namespace {

constexpr uint64_t kQueriesAWorld = 250;
constexpr size_t kMaxPages = 20'000;
constexpr uint64_t kReportEvery = 20'000;  // queries

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Query {
  SearchRequest request;
  std::optional<OracleCondition> where;
  std::vector<bool> asked;  // by topic
  std::string text;         // the query text, if the condition was written as one
  [[nodiscard]] std::string to_string() const {
    std::string partitions = request.partitions ? "" : "all";
    for (const PartitionId p : request.partitions.value_or(std::vector<PartitionId>{})) {
      partitions += fmt::format("{} ", p.value);
    }
    return fmt::format(
        "topics {} partitions {} offsets {}..{} times {}..{} {} limit {} where {}{}", fmt::join(request.topics, ","),
        partitions, request.offsets.first.value, request.offsets.last.value, request.times.first.ms,
        request.times.last.ms, request.order == Order::kNewest ? "newest" : "oldest", request.limit,
        request.where ? request.where->to_string() : "anything", text.empty() ? "" : "\n  query text: " + text);
  }
};

bool same_shape(const Condition& parsed, const OracleCondition& oracle) {
  return parsed.kind == oracle.kind && std::equal(parsed.children.begin(), parsed.children.end(),
                                                  oracle.children.begin(), oracle.children.end(), same_shape);
}

void ask_by_text(World& world, Query& query) {
  const Timestamp asked_at{world.base().ms + 10LL * 24 * 3600 * 1000};
  QueryText random = RandomQuery(world.random(), asked_at, [&world] { return world.random_time(); }).query();
  Result<Condition> parsed = parse_query(random.text, asked_at);
  if (!parsed) throw std::runtime_error(fmt::format("\"{}\" was not taken: {}", random.text, describe(parsed.error())));
  if (!same_shape(*parsed, random.oracle)) {
    throw std::runtime_error(fmt::format("\"{}\" was read as {}", random.text, parsed->to_string()));
  }
  query.request.where = *std::move(parsed);
  query.where = std::move(random.oracle);
  query.text = std::move(random.text);
}

Query random_query(World& world) {
  RandomText& random = world.random();
  Query query;
  query.asked.resize(world.topics().size());
  query.asked[random.below(query.asked.size())] = true;
  for (size_t t = 0; t < query.asked.size(); ++t) {
    if (random.one_in(2)) query.asked[t] = true;
    if (query.asked[t]) query.request.topics.push_back(world.topics()[t]);
  }
  if (random.one_in(4)) std::reverse(query.request.topics.begin(), query.request.topics.end());
  SearchRequest& request = query.request;
  if (random.one_in(4)) {
    request.partitions.emplace();
    for (int32_t p = 0; p < 5; ++p) {
      if (random.one_in(3)) request.partitions->push_back({p});
    }
    if (request.partitions->empty()) request.partitions->push_back({0});
  }
  if (random.one_in(4)) {
    request.offsets.first = {static_cast<int64_t>(random.below(120))};
    if (random.one_in(2)) request.offsets.last = {request.offsets.first.value + static_cast<int64_t>(random.below(60))};
  }
  if (random.one_in(4)) {
    const Timestamp a = world.random_time(), b = world.random_time();
    request.times = {std::min(a, b), random.one_in(3) ? kMaxTimestamp : std::max(a, b)};
  }
  if (random.one_in(2)) {
    ask_by_text(world, query);
  } else if (!random.one_in(8)) {
    if (auto pair = random.condition(3)) {
      request.where = std::move(pair->condition);
      query.where = std::move(pair->oracle);
    }
  }
  request.order = random.one_in(3) ? Order::kOldest : Order::kNewest;
  request.limit = random.one_in(2) ? kMaxHits : 1 + random.below(kMaxHits);
  request.explain = random.one_in(4);
  if (!random.one_in(3)) request.read_ahead = random.below(6);  // 0: one thread alone
  return query;
}

std::string position(uint32_t topic, PartitionId partition, Offset offset) {
  return fmt::format("{}/{}/{}", static_cast<char>('a' + topic), partition.value, offset.value);
}
std::string position(const OracleMessage& m) { return position(m.topic, m.partition, m.offset); }
std::string position(const Hit& hit) {
  return position(static_cast<uint32_t>(hit.topic.back() - 'a'), hit.message().partition, hit.message().offset);
}

bool same_message(const Hit& hit, const OracleMessage& expected) {
  const store::StoredMessage& message = hit.message();
  return position(hit) == position(expected) && message.create_time == expected.create_time &&
         message.ingest_time == expected.ingest_time && message.key == expected.key &&
         message.value == expected.value && message.headers.encoded() == expected.encoded_headers;
}

/// What is wrong with the marks of a hit, if anything is.
std::string wrong_marks(const Hit& hit, const Query& query) {
  if (hit.matched.size() > 32) return "too many marks";
  const bool phrase =
      query.where && query.where->kind == Condition::Kind::kPhrase && query.where->scope != Scope::kHeader;
  const bool field = query.where && query.where->kind == Condition::Kind::kField;
  const bool has_place = field && !query.where->test.exists &&
                         (query.where->test.null || query.where->test.number || query.where->test.range ||
                          !query.where->test.phrase.empty());
  if ((phrase || has_place) && hit.matched.empty()) return "no mark";
  for (const MatchedPart& part : hit.matched) {
    const bool in_key = part.in == MatchedPart::In::kKey;
    const auto& text = in_key ? hit.message().key : hit.message().value;
    if (!text || part.begin >= part.end || part.end > text->size()) return "a mark outside the text";
    if (!phrase || (in_key ? hit.message().key_traits : hit.message().value_traits).json_escapes) continue;
    const auto tokens = tokenizer::reference_tokens(text->substr(part.begin, part.end - part.begin), false);
    if (!phrase_stands_in(query.where->phrase, tokens)) {
      return fmt::format("the mark {}..{} of \"{}\" is not what was looked for", part.begin, part.end, *text);
    }
  }
  return "";
}

using Views = std::map<std::string, store::TopicView>;

Views take_views(World& world, const SearchRequest& request) {
  Views views;
  for (const std::string& name : request.topics) views.emplace(name, world.store().topic(name)->view());
  return views;
}

Offset low_of(const store::TopicView& view, PartitionId partition) {
  for (const store::PartitionView& each : view.partitions) {
    if (each.partition == partition) return each.low;
  }
  return kMinOffset;
}

/// `begun`: as it stood when the first page was asked for. What has expired since is not missed any more.
bool expect_complete(World& world, const SearchRequest& request, const Views& begun) {
  const Views now = take_views(world, request);
  for (const std::string& name : request.topics) {
    const store::TopicView& view = begun.at(name);
    if (view.config.source == store::Source::kImport) continue;
    size_t known = 0;
    for (const store::PartitionView& partition : view.partitions) {
      if (request.partitions &&
          std::count(request.partitions->begin(), request.partitions->end(), partition.partition) == 0) {
        continue;
      }
      ++known;
      if (!partition.end && request.offsets.last >= partition.indexed_to) return false;
      const Offset begin =
          std::max({partition.indexed_to, low_of(now.at(name), partition.partition), request.offsets.first});
      if (partition.end && begin < *partition.end && begin <= request.offsets.last) return false;
    }
    if (request.partitions && known < request.partitions->size()) return false;
  }
  return true;
}

/// Follows one query to its end; what is wrong, or nothing.
class Follower {
 public:
  Follower(World& world, const Query& query) : world_(world), query_(query), request_(query.request) {}

  std::string follow(bool disturb) {
    expected_ = full_scan(world_.messages(), asked_topics(), request_, query_.where);
    const Views begun = take_views(world_, request_);
    for (size_t page = 0; page < kMaxPages; ++page) {
      const bool cut = disturb && limit_page();
      const bool complete = expect_complete(world_, request_, begun);
      const Result<SearchAnswer> answer = search(world_.store(), request_);
      if (!answer) return "the search failed: " + describe(answer.error());
      for (const Explain::Step& step : answer->explain.value_or(Explain()).steps) words_apart_ += step.without_pairs;
      if (!cut && page == 0 && answer->complete != complete) {
        return fmt::format("complete is {}: {}", answer->complete, fmt::join(answer->incomplete_because, "; "));
      }
      if (answer->complete && !complete) return "says it is complete, and is not";
      if (answer->complete != answer->incomplete_because.empty()) return "complete and its reasons disagree";
      if (!answer->cut_short.empty() && (!cut || answer->incomplete_because.back() != answer->cut_short)) {
        return "was cut short without a limit, or does not say so";
      }
      if (const std::string wrong = check_page(*answer, cut); !wrong.empty()) {
        return fmt::format("page {}: {}", page, wrong);
      }
      if (!answer->more) return "";
      request_.cursor = answer->cursor;
      for (uint64_t left = disturb && world_.random().one_in(3) ? 1 + world_.random().below(3) : 0; left > 0; --left) {
        world_.work();
      }
    }
    return "it goes on without end";
  }
  [[nodiscard]] bool found_some() const { return next_ > 0; }
  /// True if a block was left out because words of a phrase don't stand next to each other.
  [[nodiscard]] bool left_out_words_apart() const { return words_apart_ > 0; }

 private:
  /// A random limit for the next page; true if it may cut it.
  bool limit_page() {
    RandomText& random = world_.random();
    request_.limit = random.one_in(4) ? 1 + random.below(kMaxHits) : query_.request.limit;
    request_.byte_budget = UINT64_MAX;
    request_.deadline = std::chrono::seconds(100);
    if (random.one_in(2)) return false;
    request_.byte_budget = random.below(random.one_in(2) ? 200 : 5'000);
    if (random.one_in(5)) request_.deadline = std::chrono::milliseconds(0);
    return true;
  }

  std::vector<OracleTopic> asked_topics() {
    std::vector<OracleTopic> topics = world_.oracle_topics();
    for (size_t t = 0; t < topics.size(); ++t) topics[t].asked = query_.asked[t];
    return topics;
  }

  std::string check_page(const SearchAnswer& answer, bool cut) {
    const std::vector<OracleTopic> topics = asked_topics();
    std::vector<size_t> live;
    for (size_t i = next_; i < expected_.size(); ++i) {
      if (is_retained(*expected_[i], topics)) live.push_back(i);
    }
    if (answer.hits.size() > request_.limit) return "too many hits";
    for (size_t i = 0; i < answer.hits.size(); ++i) {
      const Hit& hit = answer.hits[i];
      if (i >= live.size()) return fmt::format("hit {} is {}, but there are no more", i, position(hit));
      const OracleMessage& message = *expected_[live[i]];
      if (!same_message(hit, message)) {
        return fmt::format("hit {} is {}, expected {} (key \"{}\" value \"{}\")", i, position(hit), position(message),
                           message.key.value_or("null"), message.value.value_or("null"));
      }
      if (const std::string wrong = wrong_marks(hit, query_); !wrong.empty()) return position(hit) + ": " + wrong;
      next_ = live[i] + 1;
    }
    if (!answer.more && answer.hits.size() < live.size()) {
      const OracleMessage& missed = *expected_[live[answer.hits.size()]];
      return fmt::format("{} was missed (key \"{}\" value \"{}\")", position(missed), missed.key.value_or("null"),
                         missed.value.value_or("null"));
    }
    if (answer.more == answer.cursor.empty()) return "more and cursor disagree";
    if (!cut && answer.more && answer.hits.size() < request_.limit) return "a page is short without a reason";
    return "";
  }

  World& world_;
  const Query& query_;
  SearchRequest request_;
  std::vector<const OracleMessage*> expected_;
  uint64_t words_apart_ = 0;
  size_t next_ = 0;  // the first of expected_ that was not given yet
};

/// Forms of the query with one part left out.
std::vector<Query> simpler(const Query& query) {
  std::vector<Query> forms;
  const auto with = [&](auto&& change) {
    Query form = query;
    change(form);
    forms.push_back(std::move(form));
  };
  if (query.request.partitions) with([](Query& q) { q.request.partitions.reset(); });
  if (query.request.offsets != OffsetRange{}) with([](Query& q) { q.request.offsets = {}; });
  if (query.request.times != TimeRange{}) with([](Query& q) { q.request.times = {}; });
  if (query.request.order == Order::kOldest) with([](Query& q) { q.request.order = Order::kNewest; });
  if (!query.request.where) return forms;
  for (size_t i = 0; i < query.where->children.size(); ++i) {
    with([i](Query& q) {
      q.request.where = Condition(q.request.where->children[i]);
      q.where = OracleCondition(q.where->children[i]);
    });
  }
  return forms;
}

/// The smallest form that still goes wrong when nothing disturbs it.
std::string smallest_failing(World& world, Query query) {
  std::string wrong = Follower(world, query).follow(false);
  if (wrong.empty()) return "only goes wrong while the store is at work or pages are cut";
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (const Query& form : simpler(query)) {
      const std::string still = Follower(world, form).follow(false);
      if (still.empty()) continue;
      query = form;
      wrong = still;
      smaller = true;
      break;
    }
  }
  return fmt::format("smallest failing form: {}\n  {}", query.to_string(), wrong);
}

/// What all queries together were like.
struct Tally {
  uint64_t texts = 0;
  uint64_t texts_with_hits = 0;
  uint64_t explained = 0;
  uint64_t words_apart = 0;  ///< of the explained ones: blocks were left out by pairs of words
  uint64_t words_apart_with_hits = 0;
  OperatorCensus operators;
};

/// One random query, followed to its end; what is wrong, or nothing.
std::string ask_one(World& world, Tally& tally) {
  const Query query = random_query(world);
  Follower follower(world, query);
  const std::string wrong = follower.follow(true);
  if (!wrong.empty()) return fmt::format("{}\n  {}\n{}", wrong, query.to_string(), smallest_failing(world, query));
  if (query.request.explain) tally.explained += 1;
  if (follower.left_out_words_apart()) {
    tally.words_apart += 1;
    tally.words_apart_with_hits += follower.found_some() ? 1 : 0;
  }
  if (!query.text.empty()) {
    tally.texts += 1;
    tally.texts_with_hits += follower.found_some() ? 1 : 0;
    tally.operators.count(query.text, *query.request.where);
  }
  world.work();
  return "";
}

TEST(Oracle, AnswersEqualAFullScan) {
  const uint64_t first_seed = setting("KSEEK_SEED", 1);
  const uint64_t queries = setting("KSEEK_ORACLE_QUERIES", 10'000);
  fmt::print("first seed {}, {} queries\n", first_seed, queries);
  Tally tally;
  uint64_t done = 0;
  for (uint64_t seed = first_seed; done < queries; ++seed) {
    std::string wrong;
    uint64_t in_world = 0;
    try {
      World world(seed);
      for (; in_world < kQueriesAWorld && done < queries && wrong.empty(); ++in_world, ++done) {
        wrong = ask_one(world, tally);
        if ((done + 1) % kReportEvery == 0) {
          fmt::print("{} queries done, seed {}\n", done + 1, seed);
          std::fflush(stdout);
        }
      }
    } catch (const std::exception& error) {
      wrong = fmt::format("an exception: {}", error.what());
    }
    ASSERT_EQ(wrong, "") << "KSEEK_SEED=" << seed << ", about its query " << in_world;
  }
  fmt::print("{} query texts, {} of them with hits\n", tally.texts, tally.texts_with_hits);
  EXPECT_GE(tally.texts_with_hits, tally.texts / 4) << "the texts must find something often enough to mean something";
  fmt::print("pairs of words left blocks out in {} of {} explained queries, {} of them with hits\n", tally.words_apart,
             tally.explained, tally.words_apart_with_hits);
  if (queries < 10'000) return;  // too few to expect every operator
  EXPECT_GE(tally.words_apart, tally.explained / 50);
  EXPECT_GE(tally.words_apart_with_hits, tally.explained / 200);
  EXPECT_EQ(tally.operators.missing(), std::vector<std::string>()) << "operators that no query had";
}

}  // namespace
}  // namespace kseek::query
