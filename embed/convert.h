// Between the public face's types and ours: copies, so that what is returned owns its bytes. Any thread, no state.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/message.h"
#include "base/result.h"
#include "include/kseek/kseek.h"
#include "indexer/indexer.h"
#include "query/messages.h"
#include "query/request.h"
#include "store/topic_store.h"

namespace kseek::embed {

namespace api = kseek::v1;

[[nodiscard]] api::Error to_api(const Error& error);
[[nodiscard]] inline api::Result<void> to_api(const Result<void>& result) {
  return result ? api::Result<void>() : api::Result<void>(to_api(result.error()));
}

[[nodiscard]] api::Message to_api(std::string_view topic, TimeKind time_kind, const MessageView& message);
[[nodiscard]] api::Hit to_api(const query::Hit& hit);
[[nodiscard]] std::vector<api::Coverage> to_api(const std::vector<query::PartitionCoverage>& rows);
[[nodiscard]] api::SearchAnswer to_api(const query::SearchAnswer& answer);
[[nodiscard]] api::MessagesAnswer to_api(const query::MessagesAnswer& answer);
[[nodiscard]] api::TopicInfo to_api(const store::TopicStore& topic);
[[nodiscard]] api::TopicStatus to_api(const indexer::TopicStatus& status);

[[nodiscard]] inline TimeKind from_api(api::TimeKind kind) {
  return kind == api::TimeKind::kCreate ? TimeKind::kCreate : TimeKind::kIngest;
}
[[nodiscard]] inline Timestamp from_api(api::TimePoint time) { return {time.time_since_epoch().count()}; }
[[nodiscard]] query::TimeRange from_api(const std::optional<api::TimePoint>& first,
                                        const std::optional<api::TimePoint>& last);
/// Rising, each once. kInvalid: one is negative, or there are none.
[[nodiscard]] Result<std::vector<PartitionId>> from_api(const std::vector<std::int32_t>& partitions);

}  // namespace kseek::embed
