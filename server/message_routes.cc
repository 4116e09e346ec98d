// /api/v1/topics/{t}/messages: the messages from a position on, send a test message, one message whole, its key and
// value as they are.
#include <fmt/format.h>

#include <charconv>

#include "base/time.h"
#include "indexer/starting.h"
#include "query/messages.h"
#include "server/dead_letter_error.h"
#include "server/json.h"
#include "server/json_body.h"
#include "server/routes.h"
#include "server/search_params.h"

namespace kseek::server {
namespace {

constexpr std::chrono::seconds kSendTimeout{10};

template <class Number>
Result<Number> whole_number(const std::string& text, std::string_view what) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < 0) {
    return Error{ErrorCode::kInvalid, fmt::format("{} is \"{}\"", what, text), "expected a whole number from 0 on"};
  }
  return number;
}

struct Place {
  std::string topic;
  TimeKind time_kind = TimeKind::kCreate;
  store::FoundMessage found;
};

/// The message that the path /topics/{t}/messages/{p}/{o} names.
Result<Place> find(const Services& services, const Request& request) {
  const std::string& name = request.captures[0];
  KSEEK_ASSIGN(const auto topic, find_topic(services.store, name));
  KSEEK_ASSIGN(const auto partition, whole_number<int32_t>(request.captures[1], "partition"));
  KSEEK_ASSIGN(const auto offset, whole_number<int64_t>(request.captures[2], "offset"));
  KSEEK_ASSIGN(auto found, store::find_message(*topic, PartitionId{partition}, Offset{offset}));
  if (!found) {
    if (const auto dead = dead_letter_error(*topic, PartitionId{partition}, Offset{offset})) return *dead;
    return Error{ErrorCode::kNotFound,
                 fmt::format("topic \"{}\" has no message at partition {}, offset {}", name, partition, offset),
                 fmt::format("it may be expired, compacted away or not there yet: see kseek progress {}", name)};
  }
  return Place{name, topic->config().time_kind, *std::move(found)};
}

Result<Response> whole_message(const Services& services, const Request& request) {
  KSEEK_ASSIGN(const Place place, find(services, request));
  return Response{.body = message_json(place.topic, place.time_kind, place.found.message)};
}

/// The bytes of the key or value, never anything that a browser would run.
Result<Response> raw_part(const Services& services, const Request& request, bool key) {
  KSEEK_ASSIGN(const Place place, find(services, request));
  const store::StoredMessage& message = place.found.message;
  const auto& part = key ? message.key : message.value;
  const char* name = key ? "key" : "value";
  if (!part) {
    return Error{ErrorCode::kNotFound, fmt::format("the message's {} is null", name),
                 key ? "" : "it is a tombstone: it says that the key's earlier messages are deleted"};
  }
  const std::string file = fmt::format("{}-{}-{}.{}", place.topic, message.partition.value, message.offset.value, name);
  return Response{.content_type = "application/octet-stream",
                  .body = std::string(*part),
                  .headers = {{"Content-Disposition", fmt::format("attachment; filename=\"{}\"", file)},
                              {"X-Content-Type-Options", "nosniff"}}};
}

Result<Response> messages_from(const Services& services, const Request& request) {
  const std::string& topic = request.captures[0];
  KSEEK_TRY(find_topic(services.store, topic));
  KSEEK_ASSIGN(query::MessagesRequest asked, parse_messages(topic, request.query, now()));
  asked.deadline = services.search_deadline;
  asked.cancelled = request.client_gone.get();
  const std::vector<std::string> reasons = indexer::starting_reasons(services.indexer, {topic});
  KSEEK_ASSIGN(query::MessagesAnswer answer, query::read_messages(services.store, asked));
  answer.complete = answer.complete && reasons.empty();
  answer.incomplete_because.insert(answer.incomplete_because.end(), reasons.begin(), reasons.end());
  return Response{.body = messages_json(answer)};
}

Result<Response> send_message(const Services& services, const Request& request) {
  KSEEK_ASSIGN(const auto topic, find_topic(services.store, request.captures[0]));
  if (topic->config().source == store::Source::kImport) {
    return Error{ErrorCode::kConflict,
                 fmt::format("topic \"{}\" was imported: what is sent to Kafka is not taken in", request.captures[0]),
                 "send to a topic that is opened from Kafka"};
  }
  KSEEK_ASSIGN(const indexer::OutgoingMessage message, parse_send_body(request.captures[0], request.body));
  if (services.producer == nullptr) {
    return Error{ErrorCode::kUnavailable, "this server has no Kafka to send to", "start it with --brokers host:port"};
  }
  KSEEK_ASSIGN(const indexer::Delivered delivered, services.producer->send(message, kSendTimeout));
  return Response{.status = 201, .body = delivered_json(message.topic, delivered)};
}

}  // namespace

void add_message_routes(Router& router, const Services& services) {
  const auto add = [&router](const char* method, const char* pattern, Handler handler) {
    const Need need = std::string_view(method) == "GET" ? Need::kSearch : Need::kOperate;
    router.add({method, pattern, Lane::kControl, {}, std::move(handler), need});
  };
  const Handler answer = [services](const Request& r) { return messages_from(services, r); };
  router.add({"GET", "/api/v1/topics/{}/messages", Lane::kSearch, messages_parameter_names(), answer, Need::kSearch});
  router.add({"POST",
              "/api/v1/topics/{}/messages/read",
              Lane::kSearch,
              {},
              with_body_parameters(messages_parameter_names(), answer),
              Need::kSearch});
  add("POST", "/api/v1/topics/{}/messages", [services](const Request& r) { return send_message(services, r); });
  add("GET", "/api/v1/topics/{}/messages/{}/{}", [services](const Request& r) { return whole_message(services, r); });
  add("GET", "/api/v1/topics/{}/messages/{}/{}/key",
      [services](const Request& r) { return raw_part(services, r, true); });
  add("GET", "/api/v1/topics/{}/messages/{}/{}/value",
      [services](const Request& r) { return raw_part(services, r, false); });
}

}  // namespace kseek::server
