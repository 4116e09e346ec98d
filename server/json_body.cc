#include "server/json_body.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/time.h"

namespace kseek::server {
namespace {

using nlohmann::json;

Error wrong(std::string message, std::string hint) {
  return {ErrorCode::kInvalid, std::move(message), std::move(hint)};
}

Result<json> parse_object(std::string_view body, const char* example) {
  try {
    json parsed = json::parse(body);
    if (!parsed.is_object()) return wrong("the body is not a JSON object", fmt::format("send {}", example));
    return parsed;
  } catch (const json::parse_error& e) {
    return wrong(fmt::format("the body is not valid JSON: it stops being so at byte {}", e.byte),
                 fmt::format("send {}", example));
  }
}

Result<std::string> text_of(const json& value, std::string_view name) {
  if (!value.is_string())
    return wrong(fmt::format("\"{}\" must be a string", name), fmt::format("it is {}", value.type_name()));
  return value.get<std::string>();
}

Result<std::optional<std::string>> text_or_null(const json& value, std::string_view name) {
  if (value.is_null()) return std::optional<std::string>();
  KSEEK_ASSIGN(std::string text, text_of(value, name));
  return std::optional<std::string>(std::move(text));
}

Result<TimeKind> time_kind_of(const json& value) {
  KSEEK_ASSIGN(const std::string text, text_of(value, "time"));
  if (text == "create") return TimeKind::kCreate;
  if (text == "ingest") return TimeKind::kIngest;
  return wrong(fmt::format("\"time\" is \"{}\"", text), "it is \"create\" or \"ingest\"");
}

Result<std::vector<std::string>> labels_of(const json& value) {
  if (!value.is_array()) return wrong("\"labels\" must be a list of strings", "");
  std::vector<std::string> labels;
  for (const json& item : value) {
    KSEEK_ASSIGN(std::string label, text_of(item, "labels"));
    if (label.empty()) return wrong("a label is empty", "a label is a word; leave it out for none");
    labels.push_back(std::move(label));
  }
  return labels;
}

Result<void> read_open_member(indexer::OpenRequest& request, const std::string& name, const json& value) {
  if (name == "topic") {
    KSEEK_ASSIGN(request.topic, text_of(value, name));
  } else if (name == "from") {
    KSEEK_ASSIGN(request.from, text_of(value, name));
  } else if (name == "time") {
    KSEEK_ASSIGN(request.time_kind, time_kind_of(value));
  } else if (name == "retention") {
    KSEEK_ASSIGN(const std::string text, text_of(value, name));
    KSEEK_ASSIGN(request.retention, store::parse_retention(text));
  } else if (name == "labels") {
    KSEEK_ASSIGN(request.labels, labels_of(value));
  } else if (name == "require") {
    KSEEK_ASSIGN(const std::string text, text_of(value, name));
    KSEEK_ASSIGN(request.require, store::parse_require(text));
  } else if (name == "dead_letter_topic") {
    KSEEK_ASSIGN(const auto text, text_or_null(value, name));
    request.dead_letter_topic = text.value_or("");
  } else {
    return wrong(fmt::format("unknown member \"{}\"", name),
                 "known: topic, from, time, retention, labels, require, dead_letter_topic");
  }
  return {};
}

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

Result<Headers> headers_of(const json& value) {
  if (!value.is_array()) return wrong("\"headers\" must be a list", R"(send [{"name":"trace-id","value":"4bf9"}])");
  Headers headers;
  for (const json& item : value) {
    if (!item.is_object() || !item.contains("name")) {
      return wrong("each of \"headers\" must be an object with a name", R"(send {"name":"trace-id","value":"4bf9"})");
    }
    for (const auto& member : item.items()) {
      if (member.key() != "name" && member.key() != "value") {
        return wrong(fmt::format("unknown member \"{}\" of a header", member.key()), "known: name, value");
      }
    }
    KSEEK_ASSIGN(std::string name, text_of(item.at("name"), "name"));
    KSEEK_ASSIGN(auto text, text_or_null(item.contains("value") ? item.at("value") : json(), "value"));
    headers.emplace_back(std::move(name), std::move(text));
  }
  return headers;
}

Result<PartitionId> partition_of(const json& value) {
  const bool whole = value.is_number_unsigned() || (value.is_number_integer() && value.get<int64_t>() >= 0);
  if (!whole || value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int32_t>::max())) {
    return wrong("\"partition\" must be a whole number from 0 on", "leave it out to choose by the key");
  }
  return PartitionId{value.get<int32_t>()};
}

Result<Timestamp> timestamp_of(const json& value) {
  if (value.is_number_integer()) return Timestamp{value.get<int64_t>()};
  KSEEK_ASSIGN(const std::string text, text_of(value, "timestamp"));
  return parse_time(text, now());
}

Result<void> read_send_member(indexer::OutgoingMessage& message, const std::string& name, const json& value) {
  if (name == "key") {
    KSEEK_ASSIGN(message.key, text_or_null(value, name));
  } else if (name == "value") {
    KSEEK_ASSIGN(message.value, text_or_null(value, name));
  } else if (name == "partition") {
    if (value.is_null()) return {};
    KSEEK_ASSIGN(message.partition, partition_of(value));
  } else if (name == "headers") {
    KSEEK_ASSIGN(message.headers, headers_of(value));
  } else if (name == "timestamp") {
    KSEEK_ASSIGN(message.timestamp, timestamp_of(value));
  } else {
    return wrong(fmt::format("unknown member \"{}\"", name), "known: key, value, partition, headers, timestamp");
  }
  return {};
}

/// What may be written as a number or as true and false where an address has text.
Result<std::optional<std::string>> parameter_of(const json& value, std::string_view name) {
  const bool flag = name == "explain" || name == "stream" || name == "follow";
  const bool number = flag || name == "partition" || name == "offset" || name == "time" || name == "limit";
  if (flag && value.is_boolean()) return std::optional<std::string>(value.get<bool>() ? "1" : "0");
  if (number && value.is_number_integer()) return std::optional<std::string>(value.dump());
  return text_or_null(value, name);
}

}  // namespace

Result<indexer::OpenRequest> parse_open_body(std::string_view body) {
  constexpr const char* kExample = R"({"topic":"orders","from":"earliest"})";
  KSEEK_ASSIGN(const json object, parse_object(body, kExample));
  indexer::OpenRequest request;
  for (const auto& member : object.items()) KSEEK_TRY(read_open_member(request, member.key(), member.value()));
  if (request.topic.empty()) return wrong("\"topic\" is missing", fmt::format("send {}", kExample));
  return request;
}

Result<store::Retention> parse_retention_body(std::string_view body) {
  constexpr const char* kExample = R"({"retention":"7d"})";
  KSEEK_ASSIGN(const json object, parse_object(body, kExample));
  for (const auto& member : object.items()) {
    if (member.key() != "retention") {
      return wrong(fmt::format("\"{}\" can't be changed", member.key()), "what can be: retention");
    }
  }
  if (!object.contains("retention")) return wrong("\"retention\" is missing", fmt::format("send {}", kExample));
  KSEEK_ASSIGN(const std::string text, text_of(object.at("retention"), "retention"));
  return store::parse_retention(text);
}

Result<void> parse_empty_body(std::string_view body) {
  if (body.empty()) return {};
  KSEEK_ASSIGN(const json object, parse_object(body, "no body, or {}"));
  if (object.empty()) return {};
  return wrong(fmt::format("unknown member \"{}\"", object.begin().key()),
               "this takes no members; send no body, or {}");
}

Result<indexer::OutgoingMessage> parse_send_body(const std::string& topic, std::string_view body) {
  KSEEK_ASSIGN(const json object, parse_object(body, R"({"key":"order-1","value":"a test message"})"));
  indexer::OutgoingMessage message;
  message.topic = topic;
  for (const auto& member : object.items()) KSEEK_TRY(read_send_member(message, member.key(), member.value()));
  return message;
}

Result<std::vector<Parameter>> parse_parameters_body(const std::vector<std::string>& names, std::string_view body) {
  KSEEK_ASSIGN(const json object, parse_object(body, R"({"limit":10}, with the parameters as members)"));
  std::vector<Parameter> parameters;
  for (const auto& member : object.items()) {
    if (std::find(names.begin(), names.end(), member.key()) == names.end()) {
      return wrong(fmt::format("unknown member \"{}\"", member.key()),
                   fmt::format("known: {}", fmt::join(names, ", ")));
    }
    KSEEK_ASSIGN(auto text, parameter_of(member.value(), member.key()));
    if (text) parameters.push_back({member.key(), *std::move(text)});
  }
  return parameters;
}

}  // namespace kseek::server
