#include "server/routes.h"

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

}  // namespace kseek::server
