#include "server/job_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/time.h"
#include "server/read_number.h"
#include "server/shown_text.h"

namespace kseek::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMega = 1e6;
constexpr double kMostMegabytes = 1e6;  // a second

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json time_or_null(Timestamp time) { return time.ms < 0 ? Json(nullptr) : Json(format_time(time)); }

Json job_members(const indexer::JobStatus& job) {
  Json json;
  json["id"] = job.id;
  json["topic"] = job.topic;
  json["source"] = indexer::to_string(job.source);
  json["from"] = text_or_null(job.from);
  json["rate_limit"] = job.rate_limit == 0 ? Json(nullptr) : Json(static_cast<double>(job.rate_limit) / kMega);
  json["state"] = indexer::to_string(job.state);
  json["reason"] = text_or_null(job.reason);
  json["note"] = text_or_null(job.note);
  json["created"] = time_or_null(job.created);
  json["started"] = time_or_null(job.started);
  json["finished"] = time_or_null(job.finished);
  json["messages_done"] = job.messages_done;
  json["messages_total"] = job.messages_total;
  json["bytes_done"] = job.bytes_done;
  json["bytes_total"] = job.bytes_total == 0 ? Json(nullptr) : Json(job.bytes_total);
  json["elapsed_ms"] = job.elapsed_ms;
  json["bytes_per_second"] = static_cast<uint64_t>(job.bytes_per_second);
  json["seconds_left"] = job.left ? Json(job.left->count()) : Json(nullptr);
  return json;
}

Error wrong(std::string message, std::string hint) {
  return {ErrorCode::kInvalid, std::move(message), std::move(hint)};
}

Result<void> read_member(indexer::ReindexRequest& request, const std::string& name, const Json& value) {
  if (name == "source") {
    if (value == "store") {
      request.source = store::JobSource::kStore;
    } else if (value == "kafka") {
      request.source = store::JobSource::kKafka;
    } else {
      return wrong("\"source\" is neither \"store\" nor \"kafka\"", "leave it out to use the stored messages");
    }
  } else if (name == "from") {
    if (!value.is_string()) return wrong("\"from\" must be a string", "earliest, latest, a time, or 0:100,1:250");
    request.from = value.get<std::string>();
  } else if (name == "rate_limit") {
    if (!value.is_number() || !(value.get<double>() > 0) || value.get<double>() > kMostMegabytes) {
      return wrong("\"rate_limit\" must be a number over 0", "it is in MB of keys, values and headers a second");
    }
    request.rate_limit = std::max<uint64_t>(1, static_cast<uint64_t>(value.get<double>() * kMega));
  } else {
    return wrong(fmt::format("unknown member \"{}\"", name), "known: source, from, rate_limit");
  }
  return {};
}

/// "time,partition,offset", as dead_letters_json gives it.
Result<std::optional<store::DeadLetterPlace>> place_of(std::string_view text) {
  using Place = std::optional<store::DeadLetterPlace>;
  if (text.empty()) return Place();
  std::array<std::string_view, 3> parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t comma = i + 1 < parts.size() ? text.find(',') : text.size();
    parts[i] = text.substr(0, comma);
    text.remove_prefix(std::min(text.size(), comma == std::string_view::npos ? comma : comma + 1));
  }
  store::DeadLetterPlace place;
  if (read_number(parts[0], place.time.ms) && read_number(parts[1], place.partition.value) &&
      read_number(parts[2], place.offset.value)) {
    return Place(place);
  }
  return Error{ErrorCode::kInvalid, "\"before\" is not understood", "give what \"next\" of the last answer said"};
}

std::string dead_letters_json(const std::string& topic, const std::vector<store::DeadLetter>& letters, bool more) {
  Json json;
  json["topic"] = topic;
  json["dead_letters"] = Json::array();
  for (const auto& letter : letters) {
    Json item;
    item["partition"] = letter.partition.value;
    item["offset"] = letter.offset.value;
    item["time"] = format_time(letter.time);
    item["bytes"] = letter.bytes;
    item["reason"] = letter.reason;
    item["head"] = show_text(letter.head, letter.head.size()).text;
    json["dead_letters"].push_back(std::move(item));
  }
  json["next"] = nullptr;
  if (more && !letters.empty()) {
    const store::DeadLetter& last = letters.back();
    json["next"] = fmt::format("{},{},{}", last.time.ms, last.partition.value, last.offset.value);
  }
  return dump(json);
}

}  // namespace

std::string job_json(const indexer::JobStatus& job) { return dump(job_members(job)); }

std::string jobs_json(const std::vector<indexer::JobStatus>& jobs) {
  Json json;
  json["jobs"] = Json::array();
  for (const auto& job : jobs) json["jobs"].push_back(job_members(job));
  return dump(json);
}

Result<std::string> dead_letters_page(const store::TopicStore& topic, const std::string& name, size_t limit,
                                      std::string_view before) {
  KSEEK_ASSIGN(const auto place, place_of(before));
  auto letters = topic.dead_letters(limit + 1, place);
  const bool more = letters.size() > limit;
  if (more) letters.pop_back();
  return dead_letters_json(name, letters, more);
}

Result<indexer::ReindexRequest> parse_reindex_body(const std::string& topic, std::string_view body) {
  constexpr const char* kExample = R"(send {"source":"store"} or {"source":"kafka","from":"earliest","rate_limit":20})";
  indexer::ReindexRequest request;
  request.topic = topic;
  if (body.empty()) return request;
  const Json parsed = Json::parse(body, nullptr, false);
  if (!parsed.is_object()) return wrong("the body is not a JSON object", kExample);
  for (const auto& member : parsed.items()) KSEEK_TRY(read_member(request, member.key(), member.value()));
  return request;
}

}  // namespace kseek::server
