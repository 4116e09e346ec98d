// /api/v1/search: one answer, or a stream of events (`Accept: text/event-stream`, stream=1, follow=1).
#include <fmt/format.h>

#include "base/glob.h"
#include "base/time.h"
#include "indexer/starting.h"
#include "query/scope.h"
#include "server/follow_stream.h"
#include "server/json.h"
#include "server/routes.h"
#include "server/search_params.h"
#include "server/search_stream.h"

namespace kseek::server {
namespace {

/// The names of the request's topics, patterns expanded. kNotFound: one is missing (says how to open it).
Result<std::vector<std::string>> topic_names(const Services& services, const query::SearchRequest& asked) {
  KSEEK_ASSIGN(const auto scopes, query::open_topics(services.store, asked));
  std::vector<std::string> names;
  names.reserve(scopes.size());
  for (const query::TopicScope& scope : scopes) names.push_back(scope.name);
  return names;
}

Result<bool> flag(const Request& request, std::string_view name) {
  const std::string_view value = request.parameter(name);
  const bool yes = value == "1" || value == "true";
  if (yes || value.empty() || value == "0" || value == "false") return yes;
  return Error{ErrorCode::kInvalid, fmt::format("{} is \"{}\"", name, value), "expected 1 or 0"};
}

Result<std::unique_ptr<StreamWork>> following(const Services& services, const query::SearchRequest& asked,
                                              const std::vector<std::string>& names, std::vector<std::string> starting,
                                              std::chrono::milliseconds deadline) {
  if (!asked.cursor.empty() || asked.order != query::Order::kNewest) {
    return Error{ErrorCode::kInvalid, "follow: goes on from the newest messages", "leave out cursor and order=oldest"};
  }
  return std::unique_ptr<StreamWork>(
      std::make_unique<FollowStream>(services.store, services.metrics, asked, names, std::move(starting), deadline));
}

/// A stream that ends when the token of who asked for it is taken away.
class UntilRevoked final : public StreamWork {
 public:
  UntilRevoked(std::unique_ptr<StreamWork> work, std::shared_ptr<const Caller> caller)
      : work_(std::move(work)), caller_(std::move(caller)) {}
  Next step(EventStream& stream) override {
    if (!caller_->revoked) return work_->step(stream);
    stream.send("error", error_json({ErrorCode::kUnauthorized, "the token was taken away or changed", "ask anew"}));
    return Next::kEnd;
  }
  bool ready() override { return caller_->revoked || work_->ready(); }

 private:
  const std::unique_ptr<StreamWork> work_;
  const std::shared_ptr<const Caller> caller_;
};

Response too_many_streams() {
  Response refused = error_response(
      {ErrorCode::kUnavailable, "too many streams are open", "try again later, or search without stream and follow"});
  refused.headers.emplace_back("Retry-After", "5");
  return refused;
}

Result<Response> search(const Services& services, StreamHub& streams, const Request& request) {
  // A stream's client sees that it goes on, and can leave.
  constexpr int kDeadlinesOfAStream = 30;
  KSEEK_ASSIGN(query::SearchRequest asked, parse_search(request.query, now()));
  KSEEK_TRY(permit_topics(services.store, request, asked));
  KSEEK_ASSIGN(const std::vector<std::string> names, topic_names(services, asked));
  KSEEK_ASSIGN(const bool follow, flag(request, "follow"));
  KSEEK_ASSIGN(const bool stream, flag(request, "stream"));
  std::vector<std::string> starting = indexer::starting_reasons(services.indexer, names);
  if (follow || stream || request.header("Accept").find("text/event-stream") != std::string_view::npos) {
    const auto deadline = services.search_deadline * kDeadlinesOfAStream;
    std::unique_ptr<StreamWork> work;
    if (follow) {
      KSEEK_ASSIGN(work, following(services, asked, names, std::move(starting), deadline));
    } else {
      work = std::make_unique<SearchStream>(services.store, services.metrics, std::move(asked), std::move(starting),
                                            deadline);
    }
    if (request.caller != nullptr) work = std::make_unique<UntilRevoked>(std::move(work), request.caller);
    auto events = streams.open(request.client, std::move(work), request.client_gone);
    if (events == nullptr) return too_many_streams();
    return Response{.content_type = "text/event-stream; charset=utf-8",
                    .body = "",
                    .headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}},
                    .events = std::move(events)};
  }
  asked.deadline = services.search_deadline;
  asked.cancelled = request.client_gone.get();
  KSEEK_ASSIGN(query::SearchAnswer answer, query::search(services.store, asked));
  answer.complete = answer.complete && starting.empty();
  answer.incomplete_because.insert(answer.incomplete_because.end(), starting.begin(), starting.end());
  services.metrics.count_search(answer, answer.hits.size());
  return Response{.body = answer_json(answer)};
}

/// Streams count themselves when they end.
Result<Response> counted_search(const Services& services, StreamHub& streams, const Request& request) {
  auto response = search(services, streams, request);
  if (!response) services.metrics.count_failed_search(to_string(response.error().code));
  return response;
}

}  // namespace

Result<void> permit_topics(const store::Store& store, const Request& request, query::SearchRequest& asked) {
  if (request.caller == nullptr) return {};
  std::vector<std::string> permitted;
  for (const std::string& pattern : asked.topics) {
    if (pattern.find('*') == std::string::npos) {
      KSEEK_TRY(check_topic(request, pattern));
      permitted.push_back(pattern);
      continue;
    }
    const size_t before = permitted.size();
    for (const auto& topic : store.topics()) {
      std::string name = topic->config().name;
      if (matches_glob(pattern, name) && may_see(request, name)) permitted.push_back(std::move(name));
    }
    if (permitted.size() == before) {
      return Error{ErrorCode::kNotFound, fmt::format("no opened topic of yours is named like \"{}\"", pattern),
                   "`kseek topics` lists the opened ones"};
    }
  }
  asked.topics = std::move(permitted);
  return {};
}

void add_search_routes(Router& router, const Services& services, StreamHub& streams) {
  auto names = search_parameter_names();
  names.insert(names.end(), {"stream", "follow"});
  const Handler answer = [services, &streams](const Request& r) { return counted_search(services, streams, r); };
  router.add({"GET", "/api/v1/search", Lane::kSearch, names, answer, Need::kSearch});
  router.add({"POST", "/api/v1/search", Lane::kSearch, {}, with_body_parameters(names, answer), Need::kSearch});
}

}  // namespace kseek::server
