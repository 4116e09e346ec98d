#include "embed/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace kseek::embed {
namespace {

api::ErrorCode to_api(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return api::ErrorCode::kInvalid;
    case ErrorCode::kNotFound: return api::ErrorCode::kNotFound;
    case ErrorCode::kConflict: return api::ErrorCode::kConflict;
    case ErrorCode::kUnavailable: return api::ErrorCode::kUnavailable;
    case ErrorCode::kTooLarge: return api::ErrorCode::kTooLarge;
    case ErrorCode::kTimeout: return api::ErrorCode::kTimeout;
    case ErrorCode::kCorrupt: return api::ErrorCode::kCorrupt;
    case ErrorCode::kUnauthorized:  // the servers' only
    case ErrorCode::kForbidden:
    case ErrorCode::kTooMany:
    case ErrorCode::kInternal: break;
  }
  return api::ErrorCode::kInternal;
}

api::TimestampType to_api(TimestampType type) {
  switch (type) {
    case TimestampType::kCreateTime: return api::TimestampType::kCreateTime;
    case TimestampType::kLogAppendTime: return api::TimestampType::kLogAppendTime;
    case TimestampType::kNone: break;
  }
  return api::TimestampType::kNone;
}

/// By name: a state that the public face does not have reads as failed, and its reason says what it is.
api::TopicState to_api(indexer::TopicState state) {
  static constexpr std::array<std::pair<std::string_view, api::TopicState>, 7> kStates = {{
      {"starting", api::TopicState::kStarting},
      {"catching_up", api::TopicState::kCatchingUp},
      {"running", api::TopicState::kRunning},
      {"stalled", api::TopicState::kStalled},
      {"paused", api::TopicState::kPaused},
      {"recreating", api::TopicState::kRecreating},
      {"imported", api::TopicState::kImported},
  }};
  for (const auto& [name, copied] : kStates) {
    if (name == indexer::to_string(state)) return copied;
  }
  return api::TopicState::kFailed;
}

api::TimePoint time_point(Timestamp time) { return api::TimePoint(std::chrono::milliseconds(time.ms)); }

/// Kafka's "no timestamp" is absent.
std::optional<api::TimePoint> optional_time(Timestamp time) {
  return time.ms == -1 ? std::nullopt : std::optional(time_point(time));
}

std::optional<std::string> copy(const std::optional<std::string_view>& bytes) {
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

api::PartitionInfo to_api(const store::PartitionView& view) {
  api::PartitionInfo info;
  info.partition = view.partition.value;
  info.low = view.low.value;
  info.indexed_to = view.indexed_to.value;
  info.sealed_to = view.sealed_to.value;
  if (view.end) info.end = view.end->value;
  info.messages = view.messages;
  info.dead_letters = view.dead_letters;
  return info;
}

}  // namespace

api::Error to_api(const Error& error) { return {to_api(error.code), error.message, error.hint}; }

api::Message to_api(std::string_view topic, TimeKind time_kind, const MessageView& message) {
  api::Message copied;
  copied.topic = topic;
  copied.partition = message.partition.value;
  copied.offset = message.offset.value;
  copied.timestamp = optional_time(message.time(time_kind));
  copied.create_time = optional_time(message.create_time);
  copied.ingest_time = time_point(message.ingest_time);
  copied.timestamp_type = to_api(message.timestamp_type);
  copied.key = copy(message.key);
  copied.value = copy(message.value);
  for (const Header& header : message.headers) {
    copied.headers.push_back({std::string(header.name), copy(header.value)});
  }
  return copied;
}

api::Hit to_api(const query::Hit& hit) {
  api::Hit copied{to_api(hit.topic, hit.time_kind, hit.message()), {}};
  for (const query::MatchedPart& part : hit.matched) {
    const bool in_key = part.in == query::MatchedPart::In::kKey;
    copied.matched.push_back(
        {in_key ? api::MatchedPart::In::kKey : api::MatchedPart::In::kValue, part.begin, part.end});
  }
  return copied;
}

std::vector<api::Coverage> to_api(const std::vector<query::PartitionCoverage>& rows) {
  std::vector<api::Coverage> coverage;
  coverage.reserve(rows.size());
  for (const query::PartitionCoverage& row : rows) {
    api::Coverage copied;
    copied.topic = row.topic;
    copied.partition = row.partition.value;
    copied.low = row.low.value;
    copied.indexed_to = row.indexed_to.value;
    if (row.end) copied.end = row.end->value;
    copied.lag = row.lag;
    copied.dead_letters = row.dead_letters;
    coverage.push_back(std::move(copied));
  }
  return coverage;
}

api::SearchAnswer to_api(const query::SearchAnswer& answer) {
  api::SearchAnswer copied;
  for (const query::Hit& hit : answer.hits) copied.hits.push_back(to_api(hit));
  copied.complete = answer.complete;
  copied.incomplete_because = answer.incomplete_because;
  copied.more = answer.more;
  copied.cursor = answer.cursor;
  copied.took = answer.took;
  copied.coverage = to_api(answer.coverage);
  return copied;
}

api::MessagesAnswer to_api(const query::MessagesAnswer& answer) {
  api::MessagesAnswer copied;
  for (const query::Hit& hit : answer.messages) {
    copied.messages.push_back(to_api(hit.topic, hit.time_kind, hit.message()));
  }
  copied.complete = answer.complete;
  copied.incomplete_because = answer.incomplete_because;
  copied.more = answer.more;
  copied.coverage = to_api(answer.coverage);
  if (answer.next_offset) copied.next_offset = answer.next_offset->value;
  for (const query::OffsetGap& gap : answer.gaps) copied.gaps.emplace_back(gap.first.value, gap.last.value);
  copied.notes = answer.notes;
  copied.cursor = answer.cursor;
  return copied;
}

api::TopicInfo to_api(const store::TopicStore& topic) {
  const store::TopicView view = topic.view();
  const store::TopicStats stats = topic.stats();
  api::TopicInfo info;
  info.name = view.config.name;
  info.time = view.config.time_kind == TimeKind::kCreate ? api::TimeKind::kCreate : api::TimeKind::kIngest;
  info.retention = store::to_string(view.config.retention);
  info.labels = view.config.labels;
  info.messages = stats.messages;
  info.raw_bytes = stats.raw_bytes;
  info.stored_bytes = stats.stored_bytes;
  info.index_bytes = stats.index_bytes;
  for (const store::PartitionView& partition : view.partitions) info.partitions.push_back(to_api(partition));
  return info;
}

api::TopicStatus to_api(const indexer::TopicStatus& status) {
  return {status.name, to_api(status.state), status.reason, status.lag};
}

query::TimeRange from_api(const std::optional<api::TimePoint>& first, const std::optional<api::TimePoint>& last) {
  query::TimeRange range;
  if (first) range.first = from_api(*first);
  if (last) range.last = from_api(*last);
  return range;
}

Result<std::vector<PartitionId>> from_api(const std::vector<std::int32_t>& partitions) {
  if (partitions.empty()) return Error{ErrorCode::kInvalid, "partitions: none is named", "leave them out for all"};
  std::vector<PartitionId> ids;
  for (const std::int32_t partition : partitions) {
    if (partition < 0) {
      return Error{ErrorCode::kInvalid, fmt::format("partitions: {} is none", partition), "they count from 0"};
    }
    ids.push_back({partition});
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace kseek::embed
