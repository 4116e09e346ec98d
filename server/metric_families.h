// Families of metrics that are read when they are asked for. Private to server/.
#pragma once

#include <prometheus/metric_family.h>

#include <functional>
#include <string_view>
#include <vector>

#include "indexer/indexer.h"
#include "store/store.h"

namespace kseek::server {

using MetricFamilies = std::vector<prometheus::MetricFamily>;

/// State, lag and size of every topic that `shown` says yes to.
void add_topic_metrics(const store::Store& store, const indexer::Indexer& indexer,
                       const std::function<bool(std::string_view)>& shown, MetricFamilies& families);

/// Memory, files, threads, CPU time and start of this process (Linux; what can't be read is left out).
void add_process_metrics(MetricFamilies& families);

/// A family of one value without labels.
void add_metric(MetricFamilies& families, const char* name, const char* help, prometheus::MetricType type,
                double value);

}  // namespace kseek::server
