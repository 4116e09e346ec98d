// /healthz, /readyz, /metrics.
#include "server/json.h"
#include "server/routes.h"

namespace kseek::server {

void add_health_routes(Router& router, const Services& services) {
  const auto add = [&router](const char* pattern, Lane lane, Handler handler) {
    router.add({"GET", pattern, lane, {}, std::move(handler), Need::kNothing});
  };
  add("/healthz", Lane::kInline,
      [](const Request&) -> Result<Response> { return Response{.body = R"({"status":"ok"})"}; });
  // Searches are answered whatever the topics' states: who sends requests here may go on.
  add("/readyz", Lane::kControl, [services](const Request&) -> Result<Response> {
    return Response{.body = ready_json(services.indexer.statuses(), !services.asks_for_tokens)};
  });
}

void add_metrics_routes(Router& router, const Services& services) {
  router.add({"GET",
              "/metrics",
              Lane::kControl,
              {},
              [services](const Request& request) -> Result<Response> {
                const auto shown = [&request](std::string_view topic) { return may_see(request, topic); };
                return Response{.content_type = Metrics::kContentType,
                                .body = services.metrics.text(services.store, services.indexer, shown)};
              },
              services.open_metrics ? Need::kNothing : Need::kMetrics});
}

}  // namespace kseek::server
