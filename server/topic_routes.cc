// /api/v1/topics: open, list, details, progress, retention, pause, resume, close.
#include <fmt/format.h>

#include "server/json.h"
#include "server/json_body.h"
#include "server/routes.h"

namespace kseek::server {
namespace {

/// The topic's details as JSON text.
Result<std::string> details(const Services& services, const std::string& name) {
  KSEEK_ASSIGN(const auto topic, find_topic(services.store, name));
  KSEEK_ASSIGN(const auto status, services.indexer.status(name));
  return topic_json(status, *topic);
}

Result<Response> list_topics(const Services& services, const Request& request) {
  std::vector<std::string> texts;
  for (const indexer::TopicStatus& status : services.indexer.statuses()) {
    if (!may_see(request, status.name)) continue;
    const auto topic = services.store.topic(status.name);
    if (topic != nullptr) texts.push_back(topic_json(status, *topic));  // else it was closed just now
  }
  return Response{.body = topics_json(texts)};
}

Result<Response> open_topic(const Services& services, const Request& request) {
  KSEEK_ASSIGN(const indexer::OpenRequest open, parse_open_body(request.body));
  KSEEK_TRY(check_topic(request, open.topic));
  if (!open.dead_letter_topic.empty()) KSEEK_TRY(check_topic(request, open.dead_letter_topic));
  KSEEK_TRY(services.indexer.open_topic(open));
  KSEEK_ASSIGN(std::string body, details(services, open.topic));
  return Response{.status = 201, .body = std::move(body)};
}

Result<Response> topic_details(const Services& services, const Request& request) {
  KSEEK_ASSIGN(std::string body, details(services, request.captures[0]));
  return Response{.body = std::move(body)};
}

Result<Response> topic_progress(const Services& services, const Request& request) {
  KSEEK_ASSIGN(const auto topic, find_topic(services.store, request.captures[0]));
  KSEEK_ASSIGN(const auto status, services.indexer.status(request.captures[0]));
  return Response{.body = progress_json(status, topic->view())};
}

Result<Response> topic_groups(const Services& services, const Request& request) {
  KSEEK_TRY(find_topic(services.store, request.captures[0]));
  KSEEK_ASSIGN(const auto rows, services.indexer.groups(request.captures[0]));
  return Response{.body = groups_json(request.captures[0], rows)};
}

using Change = Result<void> (indexer::Indexer::*)(std::string_view);

Result<Response> change_topic(const Services& services, const Request& request, Change change) {
  KSEEK_TRY(find_topic(services.store, request.captures[0]));
  KSEEK_TRY(parse_empty_body(request.body));
  KSEEK_TRY((services.indexer.*change)(request.captures[0]));
  return topic_details(services, request);
}

Result<Response> patch_topic(const Services& services, const Request& request) {
  KSEEK_TRY(find_topic(services.store, request.captures[0]));
  KSEEK_ASSIGN(const store::Retention retention, parse_retention_body(request.body));
  KSEEK_TRY(services.indexer.set_retention(request.captures[0], retention));
  return topic_details(services, request);
}

Result<Response> close_topic(const Services& services, const Request& request) {
  KSEEK_TRY(find_topic(services.store, request.captures[0]));
  KSEEK_TRY(services.indexer.close_topic(request.captures[0]));
  return Response{.status = 204, .body = ""};
}

}  // namespace

Result<std::shared_ptr<store::TopicStore>> find_topic(const store::Store& store, const std::string& name) {
  auto topic = store.topic(name);
  if (topic != nullptr) return topic;
  return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" is not opened", name),
               fmt::format("open it with: kseek open {}   (kseek topics lists the opened ones)", name)};
}

void add_topic_routes(Router& router, const Services& services) {
  const auto add = [&router](const char* method, const char* pattern, Handler handler) {
    const Need need = std::string_view(method) == "GET" ? Need::kSearch : Need::kOperate;
    router.add({method, pattern, Lane::kControl, {}, std::move(handler), need});
  };
  add("GET", "/api/v1/topics", [services](const Request& r) { return list_topics(services, r); });
  add("POST", "/api/v1/topics", [services](const Request& r) { return open_topic(services, r); });
  add("GET", "/api/v1/topics/{}", [services](const Request& r) { return topic_details(services, r); });
  add("PATCH", "/api/v1/topics/{}", [services](const Request& r) { return patch_topic(services, r); });
  add("DELETE", "/api/v1/topics/{}", [services](const Request& r) { return close_topic(services, r); });
  add("GET", "/api/v1/topics/{}/progress", [services](const Request& r) { return topic_progress(services, r); });
  add("GET", "/api/v1/topics/{}/groups", [services](const Request& r) { return topic_groups(services, r); });
  add("POST", "/api/v1/topics/{}/pause",
      [services](const Request& r) { return change_topic(services, r, &indexer::Indexer::pause_topic); });
  add("POST", "/api/v1/topics/{}/resume",
      [services](const Request& r) { return change_topic(services, r, &indexer::Indexer::resume_topic); });
}

}  // namespace kseek::server
