#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <sstream>

#include "server/metric_families.h"

namespace kseek::server {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;

/// From a tenth of a millisecond to the longest a search may take: seconds.
const Histogram::BucketBoundaries& latency_buckets() {
  static const Histogram::BucketBoundaries buckets{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                   0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  return buckets;
}

double seconds(std::chrono::nanoseconds span) { return std::chrono::duration<double>(span).count(); }

void add_server_metrics(const ServerState& state, MetricFamilies& families) {
  const auto gauge = [&families](const char* name, const char* help, size_t value) {
    add_metric(families, name, help, prometheus::MetricType::Gauge, static_cast<double>(value));
  };
  gauge("kseek_http_connections", "Open connections", state.connections);
  gauge("kseek_http_connections_max", "Connections that can be open", state.max_connections);
  gauge("kseek_searches_in_flight", "Searches that wait, run or stream", state.searches);
  gauge("kseek_searches_in_flight_max", "So many can be: more get 503", state.max_searches);
  if (!state.certificate_left) return;
  add_metric(families, "kseek_tls_certificate_seconds_left", "Until the TLS certificate ends; below 0: it has ended",
             prometheus::MetricType::Gauge, static_cast<double>(state.certificate_left->count()));
}

}  // namespace

struct Metrics::Counted {
  prometheus::Registry registry;
  Family<Counter>& requests = prometheus::BuildCounter()
                                  .Name("kseek_http_requests_total")
                                  .Help("HTTP requests answered, by method, route and status")
                                  .Register(registry);
  Histogram& request_seconds = prometheus::BuildHistogram()
                                   .Name("kseek_http_request_seconds")
                                   .Help("From the last byte of a request to its answer, waiting included")
                                   .Register(registry)
                                   .Add({}, latency_buckets());
  Family<Counter>& searches = prometheus::BuildCounter()
                                  .Name("kseek_searches_total")
                                  .Help("Searches by outcome: complete, incomplete, or the error's code")
                                  .Register(registry);
  Histogram& search_seconds = prometheus::BuildHistogram()
                                  .Name("kseek_search_seconds")
                                  .Help("How long answered searches took")
                                  .Register(registry)
                                  .Add({}, latency_buckets());
  Counter& hits = prometheus::BuildCounter()
                      .Name("kseek_search_hits_total")
                      .Help("Messages given as hits")
                      .Register(registry)
                      .Add({});
};

Metrics::Metrics() : counted_(std::make_unique<Counted>()) {}
Metrics::~Metrics() = default;

void Metrics::count_request(std::string_view method, std::string_view route, int status,
                            std::chrono::nanoseconds took) {
  const bool known = !route.empty();  // others are anybody's text: not to be kept, each would be a series of its own
  counted_->requests
      .Add({{"method", known ? std::string(method) : "other"},
            {"route", known ? std::string(route) : "none"},
            {"status", std::to_string(status)}})
      .Increment();
  counted_->request_seconds.Observe(seconds(took));
}

void Metrics::count_search(const query::SearchAnswer& answer, size_t hits) {
  counted_->searches.Add({{"outcome", answer.complete ? "complete" : "incomplete"}}).Increment();
  counted_->search_seconds.Observe(seconds(answer.took));
  counted_->hits.Increment(static_cast<double>(hits));
}

void Metrics::count_failed_search(std::string_view code) {
  counted_->searches.Add({{"outcome", std::string(code)}}).Increment();
}

std::string Metrics::text(const store::Store& store, const indexer::Indexer& indexer,
                          const std::function<bool(std::string_view)>& shown) const {
  MetricFamilies families = counted_->registry.Collect();
  if (state_) add_server_metrics(state_(), families);
  add_topic_metrics(store, indexer, shown, families);
  add_process_metrics(families);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace kseek::server
