#include "cli/demo_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/time.h"

namespace kseek::cli {
namespace {

using Entry = DemoHistory::Entry;
using Json = nlohmann::json;

constexpr size_t kMaxHitsCompared = 500;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// What kseek must find, in its order: newest first.
std::vector<std::pair<int32_t, int64_t>> expected_hits(const Example& example, const DemoHistory& history) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : history.topics[example.topic]) {
    if (example.matches(entry)) entries.push_back(&entry);
  }
  const auto order = [](const Entry* e) { return std::tuple(e->message.time, e->message.partition, e->offset); };
  std::sort(entries.begin(), entries.end(), [&](const Entry* a, const Entry* b) { return order(a) > order(b); });
  std::vector<std::pair<int32_t, int64_t>> hits;
  hits.reserve(entries.size());
  for (const Entry* entry : entries) hits.emplace_back(entry->message.partition.value, entry->offset.value);
  return hits;
}

Error wrong(const Example& example, std::string what) {
  return {ErrorCode::kInternal, fmt::format("wrong answer to \"{}\": {}", example.command, what), "please report this"};
}

}  // namespace

std::vector<Example> example_searches(const DemoHistory& history) {
  const Entry& order = history.topics[0][history.topics[0].size() / 2];
  const Entry& line = history.topics[1][history.topics[1].size() / 3];
  const std::string order_id = order.message.key;
  const std::string family = order_id.substr(0, order_id.size() - 2);
  const std::string trace = line.message.headers[0].second;
  const Timestamp from = history.topics[1][history.topics[1].size() / 2].message.time;
  const Timestamp to = history.topics[1][history.topics[1].size() * 3 / 4].message.time;
  const std::string range = format_time(from) + ".." + format_time(to);
  const int64_t offset = history.topics[2][1000].offset.value;
  return {
      {"One order, by its id anywhere in the message",
       fmt::format("kseek search orders {}", order_id),
       {{"topic", "orders"}, {"q", order_id}},
       0,
       [order_id](const Entry& e) { return e.message.key == order_id; }},
      {"A hundred orders, by a wildcard in the key",
       fmt::format("kseek search orders --key '{}*'", family),
       {{"topic", "orders"}, {"key", family + "*"}},
       0,
       [family](const Entry& e) { return e.message.key.rfind(family, 0) == 0; }},
      {"A phrase in the logs, within a range of time",
       fmt::format("kseek search service-logs --value 'payment timeout' --time {}", range),
       {{"topic", "service-logs"}, {"value", "payment timeout"}, {"time", range}},
       1,
       [from, to](const Entry& e) {
         return has(e.message.value, "payment timeout") && e.message.time >= from && e.message.time <= to;
       }},
      {"One trace id among all log lines",
       fmt::format("kseek search service-logs {}", trace),
       {{"topic", "service-logs"}, {"q", trace}},
       1,
       [trace](const Entry& e) { return has(e.message.value, trace); }},
      {"Words of two languages in one search",
       "kseek search chat '退款 refund'",
       {{"topic", "chat"}, {"q", "退款 refund"}},
       2,
       [](const Entry& e) { return has(e.message.value, "退款") && has(e.message.value, "refund"); }},
      {"A range of offsets in one partition",
       fmt::format("kseek search chat --partition 2 --offset {}..{}", offset, offset + 4),
       {{"topic", "chat"}, {"partition", "2"}, {"offset", fmt::format("{}..{}", offset, offset + 4)}},
       2,
       [offset](const Entry& e) {
         return e.message.partition.value == 2 && e.offset.value >= offset && e.offset.value <= offset + 4;
       }},
  };
}

Result<ExampleOutcome> check_example(HttpClient& client, const Example& example, const DemoHistory& history) {
  const auto expected = expected_hits(example, history);
  if (expected.empty()) return wrong(example, "the demo's own data has no match: an example that shows nothing");
  ExampleOutcome outcome;
  outcome.expected = expected.size();
  auto parameters = example.parameters;
  parameters.push_back({"cursor", ""});
  for (size_t seen = 0;;) {
    KSEEK_ASSIGN(const std::string body, client.ask(search_question(parameters)));
    const Json answer = Json::parse(body);
    if (!answer.at("complete").get<bool>()) return wrong(example, "it says that it is not complete");
    if (outcome.first_answer.empty()) {
      outcome.first_answer = body;
      outcome.took_ms = answer.at("took_ms").get<double>();
    }
    for (const Json& hit : answer.at("hits")) {
      const std::pair place(hit.at("partition").get<int32_t>(), hit.at("offset").get<int64_t>());
      if (seen >= expected.size()) return wrong(example, fmt::format("more than {} hits", expected.size()));
      if (place != expected[seen]) {
        return wrong(example, fmt::format("hit {} is {}/{} and should be {}/{}", seen, place.first, place.second,
                                          expected[seen].first, expected[seen].second));
      }
      ++seen;
    }
    if (seen >= kMaxHitsCompared) return outcome;
    if (!answer.at("cursor").is_string()) {
      if (seen == expected.size()) return outcome;
      return wrong(example, fmt::format("{} hits where {} messages match", seen, expected.size()));
    }
    parameters.back().value = answer.at("cursor").get<std::string>();
  }
}

}  // namespace kseek::cli
