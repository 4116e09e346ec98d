#include <fmt/format.h>

#include <utility>

#include "query/cursor.h"
#include "query/request.h"
#include "query/scope.h"
#include "query/searcher.h"

namespace kseek::query {
namespace {

/// A cursor from before a topic was read again from Kafka.
Result<void> renew(Cursor& cursor, const std::vector<TopicScope>& topics, uint64_t generations) {
  if (cursor.generations == generations) return {};
  for (const TopicScope& topic : topics) {
    const bool same = cursor.generations >> 32 == generations >> 32;  // of those that are ordered by ingest time
    if (same || topic.time_kind() == TimeKind::kCreate) continue;
    return Error{
        ErrorCode::kInvalid,
        fmt::format("cursor: topic {}, ordered by time of indexing, was read again from Kafka since", topic.name),
        "search again without it, from the start"};
  }
  cursor.generations = generations;
  cursor.round.reset();
  return {};
}

/// The request's cursor, or that of a first search: everything that is there now.
Result<Cursor> begin_cursor(const SearchRequest& request, const std::vector<TopicScope>& topics) {
  std::vector<store::TopicConfig> configs;
  configs.reserve(topics.size());
  for (const TopicScope& topic : topics) configs.push_back(topic.view.config);
  const uint64_t expected = fingerprint(request, configs);
  std::vector<uint32_t> all;
  std::vector<uint32_t> by_ingest;
  for (const TopicScope& topic : topics) {
    all.push_back(topic.view.generation);
    if (topic.time_kind() == TimeKind::kIngest) by_ingest.push_back(topic.view.generation);
  }
  const uint64_t generations = hash_generations(by_ingest) << 32 | (hash_generations(all) & UINT32_MAX);
  if (!request.cursor.empty()) {
    KSEEK_ASSIGN(Cursor cursor, decode_cursor(request.cursor));
    if (cursor.fingerprint != expected || cursor.topics.size() != topics.size()) {
      return Error{ErrorCode::kInvalid, "cursor: of another search",
                   "send it with the same topics, conditions and order as the search that gave it"};
    }
    KSEEK_TRY(renew(cursor, topics, generations));
    return cursor;
  }
  Cursor cursor;
  cursor.fingerprint = expected;
  cursor.generations = generations;
  cursor.asked_at = request.asked_at;
  for (const TopicScope& topic : topics) cursor.topics.push_back(take_snapshot(topic.view, request));
  return cursor;
}

}  // namespace

Result<Timestamp> first_asked_at(std::string_view cursor) {
  KSEEK_ASSIGN(const Cursor decoded, decode_cursor(cursor));
  return decoded.asked_at;
}

Result<SearchAnswer> search(const store::Store& store, const SearchRequest& request) {
  const auto began = Searcher::Clock::now();
  if (request.limit < 1 || request.limit > kMaxHits) {
    return Error{ErrorCode::kInvalid, fmt::format("limit: {} is not from 1 to {}", request.limit, kMaxHits),
                 "follow the cursor for more"};
  }
  KSEEK_ASSIGN(std::vector<TopicScope> topics, open_topics(store, request));
  KSEEK_ASSIGN(Cursor cursor, begin_cursor(request, topics));
  return Searcher(request, std::move(topics), std::move(cursor), began).run();
}

}  // namespace kseek::query
