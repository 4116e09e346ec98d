#include "server/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/redacted.h"
#include "base/time.h"
#include "server/shown_headers.h"
#include "server/shown_text.h"

namespace kseek::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kHeaderBytesShown = 16 * 1024;
constexpr size_t kWholeTextBytes = 1024 * 1024;
constexpr size_t kSnippetBytes = 256;
constexpr size_t kCoverageRows = 20'000;

/// Invalid UTF-8 (in a name from outside, an error message) becomes U+FFFD instead of an exception.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// null for Kafka's "no timestamp".
Json time_json(Timestamp time) { return time.ms == -1 ? Json(nullptr) : Json(format_time(time)); }

const char* to_string(TimestampType type) {
  switch (type) {
    case TimestampType::kCreateTime: return "create";
    case TimestampType::kLogAppendTime: return "log_append";
    case TimestampType::kNone: break;
  }
  return "none";
}

const char* to_string(TimeKind kind) { return kind == TimeKind::kCreate ? "create" : "ingest"; }

using Matched = std::vector<query::MatchedPart>;

std::vector<ByteRange> ranges_in(const Matched& matched, query::MatchedPart::In in) {
  std::vector<ByteRange> ranges;
  for (const auto& part : matched) {
    if (part.in == in) ranges.push_back({part.begin, part.end});
  }
  return ranges;
}

/// Puts the text at json[name], and what of the matches is seen of it into json["matched"].
void put_text(Json& json, const char* name, std::optional<std::string_view> bytes, size_t limit,
              const std::vector<ByteRange>& ranges, Json& matched, bool& truncated) {
  if (!bytes) {
    json[name] = nullptr;
    return;
  }
  ShownText shown = show_text(*bytes, limit, ranges);
  truncated = truncated || shown.truncated;
  json[name] = std::move(shown.text);
  for (const ByteRange& range : shown.ranges) {
    matched.push_back({{"in", name}, {"begin", range.begin}, {"end", range.end}});
  }
}

Json headers_json(const HeaderList& headers, const HeaderLimits& limits, bool& truncated) {
  Json list = Json::array();
  ShownHeaders shown = show_headers(headers, limits);
  truncated = truncated || shown.truncated;
  for (ShownHeader& header : shown.list) {
    Json item;
    item["name"] = std::move(header.name);
    item["value"] = header.value ? Json(*std::move(header.value)) : Json(nullptr);
    list.push_back(std::move(item));
  }
  return list;
}

struct Limits {
  size_t text_bytes = kShownBytes;
  HeaderLimits headers = {kShownBytes, kHeaderBytesShown};
};

Json message_fields(const std::string& topic, TimeKind time_kind, const MessageView& message, const Limits& limits,
                    const Matched& matched_parts, Json& matched) {
  Json json;
  bool truncated = false;
  json["topic"] = topic;
  json["partition"] = message.partition.value;
  json["offset"] = message.offset.value;
  json["timestamp"] = time_json(message.time(time_kind));
  json["timestamp_type"] = to_string(message.timestamp_type);
  json["create_time"] = time_json(message.create_time);
  json["ingest_time"] = time_json(message.ingest_time);
  const auto key_ranges = ranges_in(matched_parts, query::MatchedPart::In::kKey);
  const auto value_ranges = ranges_in(matched_parts, query::MatchedPart::In::kValue);
  put_text(json, "key", message.key, limits.text_bytes, key_ranges, matched, truncated);
  put_text(json, "value", message.value, limits.text_bytes, value_ranges, matched, truncated);
  json["headers"] = headers_json(message.headers, limits.headers, truncated);
  json["key_size"] = message.key ? message.key->size() : 0;
  json["value_size"] = message.value ? message.value->size() : 0;
  json["truncated"] = truncated;
  json["tombstone"] = !message.value.has_value();
  if (is_redacted(message)) json["redacted"] = true;
  return json;
}

/// Around the first match: in the value where there is one, else in the key.
Json snippet_json(const query::Hit& hit) {
  const bool in_value = hit.matched.back().in == query::MatchedPart::In::kValue;  // they are sorted
  const auto& text = in_value ? hit.message().value : hit.message().key;
  const auto ranges = ranges_in(hit.matched, hit.matched.back().in);
  const Snippet snippet = show_around(*text, kSnippetBytes, ranges);
  Json json;
  json["in"] = in_value ? "value" : "key";
  json["at"] = snippet.at;
  json["text"] = snippet.shown.text;
  json["matched"] = Json::array();
  for (const ByteRange& range : snippet.shown.ranges) {
    json["matched"].push_back({{"begin", range.begin}, {"end", range.end}});
  }
  return json;
}

Json hit_json(const query::Hit& hit) {
  Json matched = Json::array();
  Json json = message_fields(hit.topic, hit.time_kind, hit.message(), Limits{}, hit.matched, matched);
  const bool hidden = matched.empty() && !hit.matched.empty();
  json["matched"] = std::move(matched);
  if (hidden) json["snippet"] = snippet_json(hit);
  return json;
}

Json offset_json(const std::optional<Offset>& offset) { return offset ? Json(offset->value) : Json(nullptr); }

Json coverage_json(const query::PartitionCoverage& row) {
  Json json;
  json["topic"] = row.topic;
  json["partition"] = row.partition.value;
  json["low"] = row.low.value;
  json["indexed_to"] = row.indexed_to.value;
  json["end"] = offset_json(row.end);
  json["lag"] = row.end ? Json(row.lag) : Json(nullptr);
  json["dead_letters"] = row.dead_letters;
  return json;
}

/// How sure an answer is: of a search, or of messages from a position on.
template <class Answer>
void put_certainty(Json& json, const Answer& answer) {
  json["complete"] = answer.complete;
  if (!answer.incomplete_because.empty()) json["incomplete_because"] = answer.incomplete_because;
  json["more"] = answer.more;
  json["cursor"] = answer.cursor.empty() ? Json(nullptr) : Json(answer.cursor);
  json["took_ms"] = static_cast<double>(answer.took.count()) / 1000.0;
  json["coverage"] = Json::array();
  const size_t rows = std::min(answer.coverage.size(), kCoverageRows);
  for (size_t i = 0; i < rows; ++i) json["coverage"].push_back(coverage_json(answer.coverage[i]));
  if (rows < answer.coverage.size()) json["coverage_rows"] = answer.coverage.size();
}

Json explain_json(const query::Explain& explain) {
  Json json;
  json["blocks_total"] = explain.blocks_total;
  json["pruned_by_metadata"] = explain.pruned_by_metadata;
  json["steps"] = Json::array();
  for (const auto& step : explain.steps) {
    json["steps"].push_back(
        {{"condition", step.condition}, {"blocks_left", step.blocks_left}, {"without_pairs", step.without_pairs}});
  }
  json["candidates"] = explain.candidates;
  json["blocks_opened"] = explain.blocks_opened;
  json["blocks_unneeded"] = explain.blocks_unneeded;
  json["memory_blocks_scanned"] = explain.memory_blocks_scanned;
  json["messages_verified"] = explain.messages_verified;
  json["bytes_read"] = explain.bytes_read;
  json["full_scan_bytes"] = explain.full_scan_bytes;
  json["blocks_not_asked"] = explain.blocks_not_asked;
  json["notes"] = explain.notes;
  json["plan_ms"] = explain.plan_ms;
  json["read_ms"] = explain.read_ms;
  json["verify_ms"] = explain.verify_ms;
  return json;
}

}  // namespace

std::string error_json(const Error& error) {
  Json json;
  json["error"] = {{"code", kseek::to_string(error.code)}, {"message", error.message}, {"hint", error.hint}};
  return dump(json);
}

namespace {

void put_hits(Json& json, const std::vector<query::Hit>& hits) {
  json["hits"] = Json::array();
  for (const query::Hit& hit : hits) json["hits"].push_back(hit_json(hit));
}

void put_summary(Json& json, const query::SearchAnswer& answer) {
  put_certainty(json, answer);
  if (answer.explain) json["explain"] = explain_json(*answer.explain);
}

}  // namespace

std::string answer_json(const query::SearchAnswer& answer) {
  Json json;
  put_hits(json, answer.hits);
  put_summary(json, answer);
  return dump(json);
}

std::string hits_json(const std::vector<query::Hit>& hits) {
  Json json;
  put_hits(json, hits);
  return dump(json);
}

std::string summary_json(const query::SearchAnswer& answer) {
  Json json;
  put_summary(json, answer);
  return dump(json);
}

std::string skipped_json(uint64_t messages, const std::vector<std::string>& because) {
  Json json;
  json["messages"] = messages;
  json["because"] = because;
  return dump(json);
}

std::string timeline_json(const std::optional<query::Timeline>& timeline) {
  if (!timeline) return "null";
  Json json;
  const auto buckets = static_cast<int64_t>(timeline->buckets.size());
  json["from"] = format_time(timeline->first);
  json["to"] = format_time({timeline->first.ms + buckets * timeline->bucket_ms});
  json["bucket_ms"] = timeline->bucket_ms;
  json["buckets"] = timeline->buckets;
  json["messages"] = timeline->messages;
  json["spread"] = timeline->spread;
  return dump(json);
}

std::string messages_json(const query::MessagesAnswer& answer) {
  Json json;
  json["messages"] = Json::array();
  for (const query::Hit& hit : answer.messages) {
    Json matched = Json::array();
    json["messages"].push_back(message_fields(hit.topic, hit.time_kind, hit.message(), Limits{}, {}, matched));
  }
  put_certainty(json, answer);
  json["begins_at"] = offset_json(answer.begins_at);
  json["next_offset"] = offset_json(answer.next_offset);
  json["gaps"] = Json::array();
  for (const query::OffsetGap& gap : answer.gaps) {
    json["gaps"].push_back({{"first", gap.first.value}, {"last", gap.last.value}});
  }
  json["notes"] = answer.notes;
  return dump(json);
}

std::string message_json(const std::string& topic, TimeKind time_kind, const MessageView& message) {
  Json matched = Json::array();
  const Limits whole{kWholeTextBytes, {kWholeTextBytes, kWholeTextBytes}};
  std::string text = dump(message_fields(topic, time_kind, message, whole, {}, matched));
  if (text.size() > query::kMaxAnswerBytes) {  // control characters: six bytes each in JSON
    text = dump(message_fields(topic, time_kind, message, Limits{}, {}, matched));
  }
  return text;
}

namespace {

Json kafka_json(const std::optional<indexer::KafkaTopicSettings>& kafka) {
  if (!kafka) return nullptr;
  Json json;
  json["retention.ms"] = kafka->retention_ms;
  json["retention.bytes"] = kafka->retention_bytes;
  json["cleanup.policy"] = kafka->cleanup_policy;
  return json;
}

}  // namespace

std::string topic_json(const indexer::TopicStatus& status, const store::TopicStore& topic) {
  const store::TopicConfig config = topic.config();
  const store::TopicStats stats = topic.stats();
  Json json;
  json["name"] = config.name;
  json["state"] = indexer::to_string(status.state);
  json["reason"] = status.reason.empty() ? Json(nullptr) : Json(status.reason);
  json["labels"] = config.labels;
  json["lag"] = status.lag;
  json["messages"] = stats.messages;
  json["raw_bytes"] = stats.raw_bytes;
  json["stored_bytes"] = stats.stored_bytes;
  json["index_bytes"] = stats.index_bytes;
  json["memory_bytes"] = stats.memory_bytes;
  json["blocks"] = stats.blocks;
  json["segments"] = stats.segments;
  json["unindexed_blocks"] = stats.unindexed_blocks;
  json["damaged_blocks"] = stats.damaged_blocks;
  json["damaged_segments"] = stats.activity.segments_damaged;
  json["restored_segments"] = stats.activity.segments_restored;
  json["source"] = config.source == store::Source::kKafka ? "kafka" : "import";
  json["from"] = config.from;
  json["time"] = to_string(config.time_kind);
  json["retention"] = store::to_string(config.retention);
  json["require"] = store::to_string(config.require);
  json["dead_letter_topic"] = config.dead_letter_topic.empty() ? Json(nullptr) : Json(config.dead_letter_topic);
  json["effective_retention"] = indexer::effective_retention(config, status.kafka);
  json["kafka"] = kafka_json(status.kafka);
  json["opened_at"] = time_json(config.opened_at);
  json["events"] = Json::array();
  for (const store::TopicEvent& event : topic.events()) {
    json["events"].push_back({{"time", time_json(event.time)}, {"text", event.text}});
  }
  return dump(json);
}

std::string topics_json(const std::vector<std::string>& topics) {
  std::string text = R"({"topics":[)";
  for (const std::string& topic : topics) {
    if (&topic != &topics.front()) text += ',';
    text += topic;
  }
  return text + "]}";
}

std::string ready_json(const std::vector<indexer::TopicStatus>& topics, bool with_names) {
  Json json;
  json["status"] = "ready";
  for (const indexer::TopicStatus& topic : topics) {
    if (topic.state != indexer::TopicState::kStalled && topic.state != indexer::TopicState::kFailed) continue;
    json["status"] = "degraded";
    if (!with_names) continue;
    json["topics"].push_back(
        {{"name", topic.name}, {"state", indexer::to_string(topic.state)}, {"reason", topic.reason}});
  }
  return dump(json);
}

std::string progress_json(const indexer::TopicStatus& status, const store::TopicView& view) {
  Json json;
  json["topic"] = status.name;
  json["state"] = indexer::to_string(status.state);
  json["reason"] = status.reason.empty() ? Json(nullptr) : Json(status.reason);
  json["partitions"] = Json::array();
  for (const store::PartitionView& p : view.partitions) {
    Json row;
    row["partition"] = p.partition.value;
    row["low"] = p.low.value;
    row["end"] = offset_json(p.end);
    row["indexed_to"] = p.indexed_to.value;
    row["sealed_to"] = p.sealed_to.value;
    row["lag"] = p.end ? Json(std::max<int64_t>(p.end->value - p.indexed_to.value, 0)) : Json(nullptr);
    row["last_message_time"] = time_json(p.last_message_time);
    row["messages"] = p.messages;
    row["dead_letters"] = p.dead_letters;
    json["partitions"].push_back(std::move(row));
  }
  return dump(json);
}

std::string groups_json(const std::string& topic, const std::vector<indexer::GroupRow>& rows) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  Json json;
  json["topic"] = topic;
  json["groups"] = Json::array();
  for (const indexer::GroupRow& row : rows) {
    Json shown;
    shown["group"] = row.group;
    shown["state"] = text_or_null(row.state);
    shown["partition"] = row.partition.value;
    shown["member"] = text_or_null(row.member);
    shown["client"] = text_or_null(row.client);
    shown["host"] = text_or_null(row.host);
    shown["offset"] = offset_json(row.offset);
    shown["lag"] = row.lag ? Json(*row.lag) : Json(nullptr);
    json["groups"].push_back(std::move(shown));
  }
  return dump(json);
}

std::string delivered_json(const std::string& topic, const indexer::Delivered& delivered) {
  Json json;
  json["topic"] = topic;
  json["partition"] = delivered.partition.value;
  json["offset"] = delivered.offset.value;
  return dump(json);
}

}  // namespace kseek::server
