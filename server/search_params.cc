#include "server/search_params.h"

#include <fmt/format.h>

#include <charconv>

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

Result<void> read_limit(Draft& draft, std::string_view value) {
  size_t limit = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
  if (error != std::errc() || end != value.data() + value.size() || limit < 1 || limit > query::kMaxHits) {
    return wrong("limit", value, fmt::format("1 to {}; the cursor goes on to the next ones", query::kMaxHits));
  }
  draft.request.limit = limit;
  return {};
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
  if (name == "topic") return read_topics(draft, value);
  if (name == "limit") return read_limit(draft, value);
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
  } else if (name == "cursor") {
    draft.request.cursor = value;
  } else {
    return Error{ErrorCode::kInvalid, fmt::format("unknown parameter \"{}\"", name), ""};
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
  draft.request.asked_at = now;
  for (const Parameter& parameter : parameters) {
    if (parameter.name != "cursor" || parameter.value.empty()) continue;
    KSEEK_ASSIGN(draft.request.asked_at, query::first_asked_at(parameter.value));
  }
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

}  // namespace kseek::server
