#include "server/routes.h"

#include <utility>

#include "server/json_body.h"

namespace kseek::server {

void add_all_routes(Router& router, const Services& services, StreamHub& streams) {
  add_health_routes(router, services);
  add_page_routes(router);
  add_search_routes(router, services, streams);
  add_timeline_routes(router, services);
  add_topic_routes(router, services);
  add_job_routes(router, services);
  add_message_routes(router, services);
  add_metrics_routes(router, services);
}

Handler with_body_parameters(std::vector<std::string> names, Handler handler) {
  return [names = std::move(names), handler = std::move(handler)](const Request& request) -> Result<Response> {
    Request asked = request;
    KSEEK_ASSIGN(asked.query, parse_parameters_body(names, request.body));
    return handler(asked);
  };
}

}  // namespace kseek::server
