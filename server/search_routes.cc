// /api/v1/search.
#include "base/time.h"
#include "indexer/starting.h"
#include "server/json.h"
#include "server/routes.h"
#include "server/search_params.h"

namespace kseek::server {
namespace {

Result<query::SearchAnswer> search(const Services& services, const Request& request) {
  KSEEK_ASSIGN(query::SearchRequest asked, parse_search(request.query, now()));
  asked.deadline = services.search_deadline;
  asked.cancelled = request.client_gone;
  const std::vector<std::string> reasons = indexer::starting_reasons(services.indexer, asked.topics);
  KSEEK_ASSIGN(query::SearchAnswer answer, query::search(services.store, asked));
  answer.complete = answer.complete && reasons.empty();
  answer.incomplete_because.insert(answer.incomplete_because.end(), reasons.begin(), reasons.end());
  return answer;
}

Result<Response> counted_search(const Services& services, const Request& request) {
  const auto answer = search(services, request);
  if (!answer) {
    services.metrics.count_failed_search(to_string(answer.error().code));
    return answer.error();
  }
  services.metrics.count_search(*answer);
  return Response{.body = answer_json(*answer)};
}

}  // namespace

void add_search_routes(Router& router, const Services& services) {
  router.add({"GET", "/api/v1/search", Lane::kSearch, search_parameter_names(),
              [services](const Request& r) { return counted_search(services, r); }});
}

}  // namespace kseek::server
