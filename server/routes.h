// What the server answers, a file of routes for each resource. Handlers may be called from any thread.
#pragma once

#include <chrono>

#include "indexer/indexer.h"
#include "indexer/producer.h"
#include "query/request.h"
#include "server/metrics.h"
#include "server/router.h"
#include "store/store.h"

namespace kseek::server {

class StreamHub;

/// What handlers work on; borrowed, and must outlive the router.
struct Services {
  store::Store& store;
  indexer::Indexer& indexer;
  Metrics& metrics;
  indexer::Producer* producer = nullptr;  ///< nullptr: no Kafka
  std::chrono::milliseconds search_deadline{10'000};
  bool open_metrics = false;     ///< /metrics asks for no token
  bool asks_for_tokens = false;  ///< what asks for none names no topic then
};

void add_topic_routes(Router& router, const Services& services);
void add_search_routes(Router& router, const Services& services, StreamHub& streams);
void add_timeline_routes(Router& router, const Services& services);
void add_message_routes(Router& router, const Services& services);
void add_health_routes(Router& router, const Services& services);
void add_metrics_routes(Router& router, const Services& services);
void add_job_routes(Router& router, const Services& services);
void add_page_routes(Router& router);

/// All of these.
void add_all_routes(Router& router, const Services& services, StreamHub& streams);

/// The opened topic. kNotFound says how to open it.
[[nodiscard]] Result<std::shared_ptr<store::TopicStore>> find_topic(const store::Store& store, const std::string& name);

/// Cuts the topics that are asked for to those that the caller may see: a pattern then stands for those of them that it
/// names. kForbidden: one is named that the caller may not see.
[[nodiscard]] Result<void> permit_topics(const store::Store& store, const Request& request,
                                         query::SearchRequest& asked);

/// The handler of a question whose parameters (`names`) come as the members of a JSON body, not in the address.
[[nodiscard]] Handler with_body_parameters(std::vector<std::string> names, Handler handler);

}  // namespace kseek::server
