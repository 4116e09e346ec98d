// /healthz, /readyz, /metrics.
#include "server/routes.h"

namespace kseek::server {
void add_health_routes(Router& router, const Services& /*services*/) {
  const auto add = [&router](const char* pattern, const char* type, const char* body) {
    router.add(
        {"GET",
         pattern,
         Lane::kInline,
         {},
         [type, body](const Request&) -> Result<Response> { return Response{.content_type = type, .body = body}; },
         Need::kNothing});
  };
  add("/healthz", "application/json", R"({"status":"ok"})");
  add("/readyz", "application/json", R"({"status":"ready"})");
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
