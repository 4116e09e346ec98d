#include "indexer/reindex_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "indexer/reindex_kafka.h"
#include "indexer/reindex_store.h"

namespace kseek::indexer {
namespace {

Result<void> check(const Switchboard& board, const IndexerOptions& options, const ReindexRequest& request) {
  if (request.source == store::JobSource::kStore) return {};
  const auto topic = board.store.topic(request.topic);
  if (topic && topic->config().source == store::Source::kImport) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("topic \"{}\" was imported: Kafka can't be asked for it", request.topic),
                 "its index can be built anew from the stored messages: --source store"};
  }
  if (!options.brokers.empty()) return {};
  return Error{ErrorCode::kInvalid, "no Kafka brokers are configured", "give --brokers HOST:PORT"};
}

Result<bool> run(const Switchboard& board, const IndexerOptions& options, const store::JobRecord& job, bool resumes,
                 JobControl& control) {
  if (job.source == store::JobSource::kKafka) {
    const auto over = [&](const std::string& topic, const CatchUp& catch_up) {
      return switch_over(board, topic, catch_up);
    };
    const KafkaReindex request{job.topic, job.from, job.rate_limit, resumes};
    return reindex_from_kafka(board.store, options, request, over, control);
  }
  const auto topic = board.store.topic(job.topic);
  if (!topic) return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" was closed", job.topic), ""};
  const unsigned threads = options.workers > 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
  return reindex_from_store(*topic, threads, job.rate_limit, control);
}

}  // namespace

JobRunner::Work reindex_work(const Switchboard& board, const IndexerOptions& options) {
  JobRunner::Work work;
  work.check = [board, &options](const ReindexRequest& request) { return check(board, options, request); };
  work.run = [board, &options](const store::JobRecord& job, bool resumes, JobControl& control) {
    return run(board, options, job, resumes, control);
  };
  return work;
}

}  // namespace kseek::indexer
