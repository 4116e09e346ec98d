#include "server/search_params.h"

#include <fmt/format.h>

#include <charconv>

#include "base/time.h"
#include "query/query_text.h"

namespace kseek::server {
namespace {

using query::SearchRequest;

struct Draft {
  SearchRequest request;
  std::vector<query::Condition> conditions;
};

Error wrong(std::string_view name, std::string_view value, std::string_view expected) {
  return {ErrorCode::kInvalid, fmt::format("{} is \"{}\"", name, value), fmt::format("expected {}", expected)};
}

Result<void> read_topics(Draft& draft, std::string_view value) {
  for (size_t begin = 0; begin <= value.size();) {
    const size_t end = std::min(value.find(',', begin), value.size());
    if (end == begin) return wrong("topic", value, "names separated by commas");
    draft.request.topics.emplace_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return {};
}

template <class Number>
bool read_number(std::string_view value, Number& number) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && end == value.data() + value.size();
}

Result<size_t> read_limit(std::string_view value) {
  size_t limit = 0;
  if (!read_number(value, limit) || limit < 1 || limit > query::kMaxHits) {
    return wrong("limit", value,
                 fmt::format("1 to {}; the answer says how to go on to the next ones", query::kMaxHits));
  }
  return limit;
}

/// What relative times of a request with these parameters count from.
Result<Timestamp> asked_at(const std::vector<Parameter>& parameters, Timestamp now) {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == "cursor" && !parameter.value.empty()) return query::first_asked_at(parameter.value);
  }
  return now;
}

Error unknown(std::string_view name) {
  return {ErrorCode::kInvalid, fmt::format("unknown parameter \"{}\"", name), ""};
}

Result<void> read_order(Draft& draft, std::string_view value) {
  if (value != "newest" && value != "oldest") return wrong("order", value, "newest or oldest");
  draft.request.order = value == "newest" ? query::Order::kNewest : query::Order::kOldest;
  return {};
}

Result<void> read_explain(Draft& draft, std::string_view value) {
  const bool yes = value == "1" || value == "true";
  if (!yes && value != "0" && value != "false") return wrong("explain", value, "1 or 0");
  draft.request.explain = yes;
  return {};
}

Result<void> read_text(Draft& draft, query::Scope scope, std::string_view name, std::string_view value) {
  auto condition = query::parse_text_condition(scope, value);
  if (!condition) {
    Error error = condition.error();
    error.message = fmt::format("{}: {}", name, error.message);
    return error;
  }
  draft.conditions.push_back(*std::move(condition));
  return {};
}

Result<void> read_one(Draft& draft, std::string_view name, std::string_view value) {
  if (name == "stream" || name == "follow") return {};  // how it is answered, not what is asked
  if (name == "topic") return read_topics(draft, value);
  if (name == "order") return read_order(draft, value);
  if (name == "explain") return read_explain(draft, value);
  if (name == "key") return read_text(draft, query::Scope::kKey, name, value);
  if (name == "value") return read_text(draft, query::Scope::kValue, name, value);
  if (name == "partition") {
    KSEEK_ASSIGN(draft.request.partitions, query::parse_partitions(value));
  } else if (name == "offset") {
    KSEEK_ASSIGN(draft.request.offsets, query::parse_offset_range(value));
  } else if (name == "time") {
    KSEEK_ASSIGN(draft.request.times, query::parse_time_range(value, draft.request.asked_at));
  } else if (name == "q") {
    KSEEK_ASSIGN(auto condition, query::parse_query(value, draft.request.asked_at));
    draft.conditions.push_back(std::move(condition));
  } else if (name == "limit") {
    KSEEK_ASSIGN(draft.request.limit, read_limit(value));
  } else if (name == "cursor") {
    draft.request.cursor = value;
  } else {
    return unknown(name);
  }
  return {};
}

Result<void> read_one(query::MessagesRequest& request, std::string_view name, std::string_view value) {
  if (name == "partition") {
    KSEEK_ASSIGN(request.partitions, query::parse_partitions(value));
  } else if (name == "offset") {
    int64_t offset = 0;
    if (!read_number(value, offset) || offset < 0) return wrong("offset", value, "a whole number from 0 on");
    request.offset = Offset{offset};
  } else if (name == "time") {
    const auto time = parse_time(value, request.asked_at);
    if (!time) return Error{ErrorCode::kInvalid, "time: " + time.error().message, time.error().hint};
    request.time = *time;
  } else if (name == "limit") {
    KSEEK_ASSIGN(request.limit, read_limit(value));
  } else if (name == "cursor") {
    request.cursor = value;
  } else {
    return unknown(name);
  }
  return {};
}

}  // namespace

const std::vector<std::string>& search_parameter_names() {
  static const std::vector<std::string> names{"topic", "partition", "offset", "time",   "key",    "value",
                                              "q",     "limit",     "order",  "cursor", "explain"};
  return names;
}

Result<SearchRequest> parse_search(const std::vector<Parameter>& parameters, Timestamp now) {
  Draft draft;
  KSEEK_ASSIGN(draft.request.asked_at, asked_at(parameters, now));
  for (const Parameter& parameter : parameters) {
    if (!parameter.value.empty()) KSEEK_TRY(read_one(draft, parameter.name, parameter.value));
  }
  if (draft.request.topics.empty()) {
    return Error{ErrorCode::kInvalid, "parameter \"topic\" is missing",
                 "say which: topic=orders, or topic=orders,payments"};
  }
  if (!draft.conditions.empty()) draft.request.where = query::Condition::all_of(std::move(draft.conditions));
  return std::move(draft.request);
}

const std::vector<std::string>& messages_parameter_names() {
  static const std::vector<std::string> names{"partition", "offset", "time", "limit", "cursor"};
  return names;
}

Result<query::MessagesRequest> parse_messages(const std::string& topic, const std::vector<Parameter>& parameters,
                                              Timestamp now) {
  query::MessagesRequest request;
  request.topic = topic;
  KSEEK_ASSIGN(request.asked_at, asked_at(parameters, now));
  for (const Parameter& parameter : parameters) {
    if (!parameter.value.empty()) KSEEK_TRY(read_one(request, parameter.name, parameter.value));
  }
  if (!request.offset && !request.time && request.partitions) request.offset = kMinOffset;
  return request;
}

}  // namespace kseek::server
