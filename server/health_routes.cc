// /healthz, /readyz, /metrics and the page at /.
#include "server/routes.h"

namespace kseek::server {
namespace {

constexpr const char* kPage = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>kseek</title></head><body>
<h1>kseek</h1>
<p>Finds messages in Kafka by partition, offset, time, key and value. This server speaks JSON:</p>
<ul>
<li><a href="/api/v1/topics">/api/v1/topics</a>: the opened topics; POST {"topic":"orders"} opens one</li>
<li>/api/v1/topics/TOPIC and /api/v1/topics/TOPIC/progress: details, and a row a partition</li>
<li>/api/v1/search?topic=TOPIC&amp;q=payment+timeout: the newest ten messages with these words
(also: partition, offset=A..B, time=A..B, key, value, limit, order, cursor, explain)</li>
<li>/api/v1/topics/TOPIC/messages/PARTITION/OFFSET: one message; /key and /value download its bytes</li>
<li><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a></li>
</ul>
<p>On the command line: <code>kseek search TOPIC "payment timeout"</code>, <code>kseek --help</code>.</p>
</body></html>
)";

}  // namespace

void add_health_routes(Router& router, const Services& /*services*/) {
  const auto add = [&router](const char* pattern, const char* type, const char* body) {
    router.add({"GET", pattern, Lane::kInline, {}, [type, body](const Request&) -> Result<Response> {
                  return Response{.content_type = type, .body = body};
                }});
  };
  add("/", "text/html; charset=utf-8", kPage);
  add("/healthz", "application/json", R"({"status":"ok"})");
  add("/readyz", "application/json", R"({"status":"ready"})");
}

void add_metrics_routes(Router& router, const Services& services) {
  router.add({"GET", "/metrics", Lane::kControl, {}, [services](const Request&) -> Result<Response> {
                return Response{.content_type = Metrics::kContentType,
                                .body = services.metrics.text(services.store, services.indexer)};
              }});
}

}  // namespace kseek::server
