// /healthz, /readyz, /metrics.
#include "server/json.h"
#include "server/routes.h"

namespace kseek::server {

void add_health_routes(Router& router, const Services& services) {
  router.add({"GET", "/healthz", Lane::kInline, {}, [](const Request&) -> Result<Response> {
                return Response{.body = R"({"status":"ok"})"};
              }});
  // Searches are answered whatever the topics' states: who sends requests here may go on.
  router.add({"GET", "/readyz", Lane::kControl, {}, [services](const Request&) -> Result<Response> {
                return Response{.body = ready_json(services.indexer.statuses())};
              }});
}

void add_metrics_routes(Router& router, const Services& services) {
  router.add({"GET", "/metrics", Lane::kControl, {}, [services](const Request&) -> Result<Response> {
                return Response{.content_type = Metrics::kContentType,
                                .body = services.metrics.text(services.store, services.indexer)};
              }});
}

}  // namespace kseek::server
