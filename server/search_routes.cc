// /api/v1/search.
#include "base/time.h"
#include "server/json.h"
#include "server/routes.h"
#include "server/search_params.h"

namespace kseek::server {
namespace {

Result<Response> search(const Services& services, const Request& request) {
  KSEEK_ASSIGN(query::SearchRequest asked, parse_search(request.query, now()));
  asked.deadline = services.search_deadline;
  asked.cancelled = request.client_gone;
  for (const std::string& topic : asked.topics) KSEEK_TRY(find_topic(services.store, topic));
  KSEEK_ASSIGN(const query::SearchAnswer answer, query::search(services.store, asked));
  return Response{.body = answer_json(answer)};
}

}  // namespace

void add_search_routes(Router& router, const Services& services) {
  router.add({"GET", "/api/v1/search", Lane::kSearch, search_parameter_names(),
              [services](const Request& r) { return search(services, r); }});
}

}  // namespace kseek::server
