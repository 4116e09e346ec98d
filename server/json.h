// The JSON of contract: what the server answers, and what `--data-dir` commands print. Each returns one JSON object as
// text, in valid UTF-8, of at most query::kMaxAnswerBytes. Any thread, no state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/producer.h"
#include "query/messages.h"
#include "query/request.h"
#include "query/timeline.h"
#include "store/topic_store.h"

namespace kseek::server {

/// {"error":{"code","message","hint"}}
[[nodiscard]] std::string error_json(const Error& error);

/// Hits with keys and values shown to 1 KiB, and, where every match lies behind that, a "snippet" around the first one;
/// headers to 1 KiB each and 16 KiB a hit together; coverage to 20,000 rows
/// ("coverage_rows" then has their true number).
[[nodiscard]] std::string answer_json(const query::SearchAnswer& answer);

/// {"messages":[…],"complete","more","next_offset","cursor","begins_at","gaps":[{"first","last"}],"notes",…}; messages
/// as hits without "matched".
[[nodiscard]] std::string messages_json(const query::MessagesAnswer& answer);

/// {"hits":[…]}, as in answer_json.
[[nodiscard]] std::string hits_json(const std::vector<query::Hit>& hits);

/// answer_json less the hits: what ends a stream.
[[nodiscard]] std::string summary_json(const query::SearchAnswer& answer);

/// {"messages","because":[…]}: what a live tail did not look at.
[[nodiscard]] std::string skipped_json(uint64_t messages, const std::vector<std::string>& because);

/// {"from","to","bucket_ms","buckets":[…],"messages","spread"}; null: no message has a time.
[[nodiscard]] std::string timeline_json(const std::optional<query::Timeline>& timeline);

/// A whole message, as a hit without "matched"; texts over 1 MiB are cut, and marked (/key and /value have the bytes).
[[nodiscard]] std::string message_json(const std::string& topic, TimeKind time_kind, const MessageView& message);

/// One topic: configuration, state, size, lag.
[[nodiscard]] std::string topic_json(const indexer::TopicStatus& status, const store::TopicStore& topic);

/// {"topics":[…]} from topic_json texts.
[[nodiscard]] std::string topics_json(const std::vector<std::string>& topics);
/// What /readyz says: "ready", or "degraded" and, if they may be named, the topics that are stalled or failed.
[[nodiscard]] std::string ready_json(const std::vector<indexer::TopicStatus>& topics, bool with_names);

/// {"topic","state","reason","partitions":[{"partition","low","end","indexed_to","lag",…}]}
[[nodiscard]] std::string progress_json(const indexer::TopicStatus& status, const store::TopicView& view);

/// {"topic","groups":[{"group","state","partition","member","client","host","offset","lag"}]}; null where there is
/// none.
[[nodiscard]] std::string groups_json(const std::string& topic, const std::vector<indexer::GroupRow>& rows);

/// {"topic","partition","offset"}
[[nodiscard]] std::string delivered_json(const std::string& topic, const indexer::Delivered& delivered);

}  // namespace kseek::server
