#include <algorithm>
#include <array>
#include <iterator>

#include "server/metric_families.h"

namespace kseek::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// A topic at the moment of asking.
struct Row {
  const indexer::TopicStatus& status;
  const store::TopicStats& stats;
  uint64_t dead_letters;
};

struct Figure {
  const char* name;
  const char* help;
  MetricType type;
  uint64_t (*read)(const Row&);
};

constexpr MetricType kGauge = MetricType::Gauge;
constexpr MetricType kCounter = MetricType::Counter;

constexpr std::array kFigures = {
    Figure{"kseek_topic_lag_messages", "Messages that Kafka has and that are not taken in yet, as far as known", kGauge,
           [](const Row& row) { return row.status.lag; }},
    Figure{"kseek_topic_messages", "Findable messages, and expired ones whose block is still there", kGauge,
           [](const Row& row) { return row.stats.messages; }},
    Figure{"kseek_topic_raw_bytes", "Keys, values and headers of sealed blocks, as they were sent", kGauge,
           [](const Row& row) { return row.stats.raw_bytes; }},
    Figure{"kseek_topic_stored_bytes", "The same on disk, compressed", kGauge,
           [](const Row& row) { return row.stats.stored_bytes; }},
    Figure{"kseek_topic_index_bytes", "Index segments on disk", kGauge,
           [](const Row& row) { return row.stats.index_bytes; }},
    Figure{"kseek_topic_memory_bytes", "Blocks in memory that are not sealed yet, and terms that are in no segment yet",
           kGauge, [](const Row& row) { return row.stats.memory_bytes; }},
    Figure{"kseek_topic_blocks", "Sealed blocks", kGauge, [](const Row& row) { return row.stats.blocks; }},
    Figure{"kseek_topic_frozen_blocks", "Full blocks in memory that wait to be sealed", kGauge,
           [](const Row& row) { return row.stats.frozen_blocks; }},
    Figure{"kseek_topic_unindexed_blocks", "Sealed blocks that are in no segment yet", kGauge,
           [](const Row& row) { return row.stats.unindexed_blocks; }},
    Figure{"kseek_topic_segments", "Index segments", kGauge, [](const Row& row) { return row.stats.segments; }},
    Figure{"kseek_topic_dead_letters", "Retained messages that could not be indexed", kGauge,
           [](const Row& row) { return row.dead_letters; }},
    Figure{"kseek_topic_damaged_blocks", "Blocks that could not be read back: reindex from Kafka", kGauge,
           [](const Row& row) { return row.stats.damaged_blocks; }},
    Figure{"kseek_topic_segments_damaged_total", "Index segments that were not what was written, and were dropped",
           kCounter, [](const Row& row) { return row.stats.activity.segments_damaged; }},
    Figure{"kseek_topic_segments_restored_total", "Of those: all of their blocks are indexed again", kCounter,
           [](const Row& row) { return row.stats.activity.segments_restored; }},
    Figure{"kseek_topic_messages_taken_total", "Messages taken in", kCounter,
           [](const Row& row) { return row.stats.activity.messages_taken; }},
    Figure{"kseek_topic_bytes_taken_total", "Their keys, values and headers", kCounter,
           [](const Row& row) { return row.stats.activity.bytes_taken; }},
    Figure{"kseek_topic_messages_redacted_total", "Messages of which rules of redaction took something out", kCounter,
           [](const Row& row) { return row.status.redacted; }},
    Figure{"kseek_topic_blocks_sealed_total", "Blocks made durable", kCounter,
           [](const Row& row) { return row.stats.activity.blocks_sealed; }},
    Figure{"kseek_topic_segments_built_total", "Fresh index segments published", kCounter,
           [](const Row& row) { return row.stats.activity.segments_built; }},
    Figure{"kseek_topic_merges_total", "Merges of segments published", kCounter,
           [](const Row& row) { return row.stats.activity.merges; }},
    Figure{"kseek_topic_blocks_expired_total", "Blocks dropped because all their messages had expired", kCounter,
           [](const Row& row) { return row.stats.activity.blocks_expired; }},
    Figure{"kseek_topic_blocks_rewritten_total", "Mostly empty blocks of compacted topics, written anew as fewer",
           kCounter, [](const Row& row) { return row.stats.activity.blocks_rewritten; }},
};

ClientMetric sample(std::vector<ClientMetric::Label> labels, MetricType type, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (type == kCounter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

uint64_t count_dead_letters(const store::TopicView& view) {
  uint64_t letters = 0;
  for (const store::PartitionView& partition : view.partitions) letters += partition.dead_letters;
  return letters;
}

}  // namespace

void add_topic_metrics(const store::Store& store, const indexer::Indexer& indexer,
                       const std::function<bool(std::string_view)>& shown, MetricFamilies& families) {
  MetricFamily states{"kseek_topic_state", "1 for the state that the topic is in", kGauge, {}};
  MetricFamilies figures;
  for (const Figure& each : kFigures) figures.push_back({each.name, each.help, each.type, {}});
  for (const indexer::TopicStatus& status : indexer.statuses()) {
    if (!shown(status.name)) continue;
    const auto topic = store.topic(status.name);
    if (topic == nullptr) continue;  // it was closed just now
    const store::TopicStats stats = topic->stats();
    const Row row{status, stats, count_dead_letters(topic->view())};
    states.metric.push_back(sample({{"topic", status.name}, {"state", indexer::to_string(status.state)}}, kGauge, 1));
    for (size_t i = 0; i < kFigures.size(); ++i) {
      const auto value = static_cast<double>(kFigures[i].read(row));
      figures[i].metric.push_back(sample({{"topic", status.name}}, kFigures[i].type, value));
    }
  }
  families.push_back(std::move(states));
  std::move(figures.begin(), figures.end(), std::back_inserter(families));
}

}  // namespace kseek::server
