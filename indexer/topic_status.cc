#include <fmt/format.h>

#include "base/time.h"
#include "indexer/indexer.h"

namespace kseek::indexer {

const char* to_string(TopicState state) {
  switch (state) {
    case TopicState::kStarting: return "starting";
    case TopicState::kCatchingUp: return "catching_up";
    case TopicState::kRunning: return "running";
    case TopicState::kStalled: return "stalled";
    case TopicState::kPaused: return "paused";
    case TopicState::kRecreating: return "recreating";
    case TopicState::kImported: return "imported";
    case TopicState::kFailed: break;
  }
  return "failed";
}

namespace {

std::string limits_of(const KafkaTopicSettings& kafka) {
  std::string text;
  if (kafka.deletes() && kafka.retention_ms >= 0) {
    const store::Retention span{store::Retention::Kind::kDuration, std::chrono::milliseconds(kafka.retention_ms)};
    text = store::to_string(span);
  }
  if (kafka.deletes() && kafka.retention_bytes >= 0) {
    text += fmt::format("{}up to {} bytes a partition", text.empty() ? "" : ", ", kafka.retention_bytes);
  }
  if (kafka.compacts()) text += fmt::format("{}the newest message of each key", text.empty() ? "" : ", ");
  return text.empty() ? "no limit" : text;
}

}  // namespace

std::string effective_retention(const store::TopicConfig& config, const std::optional<KafkaTopicSettings>& kafka) {
  switch (config.retention.kind) {
    case store::Retention::Kind::kForever: return "forever, whatever Kafka drops";
    case store::Retention::Kind::kDuration:
      return fmt::format("{} by the {} time, whatever Kafka drops", store::to_string(config.retention),
                         config.time_kind == TimeKind::kCreate ? "message's" : "ingest");
    case store::Retention::Kind::kFollow: break;
  }
  if (config.source == store::Source::kImport) return "forever: it was imported";
  if (!kafka) return "as long as Kafka has them (its settings are not known)";
  return fmt::format("as long as Kafka has them: {}", limits_of(*kafka));
}

}  // namespace kseek::indexer
