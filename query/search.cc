#include <fmt/format.h>

#include <utility>

#include "query/cursor.h"
#include "query/request.h"
#include "query/scope.h"
#include "query/searcher.h"

namespace kseek::query {
namespace {

/// The request's cursor, or that of a first search: everything that is there now.
Result<Cursor> begin_cursor(const SearchRequest& request, const std::vector<TopicScope>& topics) {
  std::vector<store::TopicConfig> configs;
  configs.reserve(topics.size());
  for (const TopicScope& topic : topics) configs.push_back(topic.view.config);
  const uint64_t expected = fingerprint(request, configs);
  if (!request.cursor.empty()) {
    KSEEK_ASSIGN(Cursor cursor, decode_cursor(request.cursor));
    if (cursor.fingerprint != expected || cursor.topics.size() != topics.size()) {
      return Error{ErrorCode::kInvalid, "cursor: of another search",
                   "send it with the same topics, conditions and order as the search that gave it"};
    }
    return cursor;
  }
  Cursor cursor;
  cursor.fingerprint = expected;
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
