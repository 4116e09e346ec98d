#include "query/searcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kseek::query {

/// Adds the time until its end to a total of milliseconds.
class Searcher::Timer {
 public:
  explicit Timer(double& total_ms) : total_ms_(total_ms), began_(Clock::now()) {}
  ~Timer() { total_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - began_).count(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  double& total_ms_;
  const Clock::time_point began_;
};

Searcher::Searcher(const SearchRequest& request, std::vector<TopicScope> topics, Cursor cursor, Clock::time_point began)
    : request_(request),
      topics_(std::move(topics)),
      cursor_(std::move(cursor)),
      began_(began),
      matcher_(request.where) {
  if (request.where) filter_.emplace(*request.where);
  answer_.complete = true;
}

Result<SearchAnswer> Searcher::run() {
  for (size_t t = 0; t < topics_.size(); ++t) add_coverage(topics_[t], cursor_.topics[t], request_, answer_);
  while (true) {
    KSEEK_ASSIGN(const bool again, run_round());
    if (!again) break;
  }
  finish();
  return std::move(answer_);
}

Result<bool> Searcher::run_round() {
  restrict_scopes();
  window_ = {request_.order, cursor_.after, std::nullopt, std::nullopt};
  TopHits top(request_.order, request_.limit - answer_.hits.size());
  if (cursor_.round) {
    window_.up_to = cursor_.round->up_to;
    window_.next_bound = cursor_.round->next_bound;
    find_again(cursor_.round->tentative, top);
  } else {
    KSEEK_TRY(scan_memory(top));
  }
  Explain counts_again;  // the blocks were counted by the first round
  const bool first = explain_.blocks_total == 0;
  std::optional<CandidateQueue> queue;
  {
    const Timer timer(explain_.plan_ms);
    queue.emplace(topics_, window_, request_.where ? &*request_.where : nullptr, filter_ ? &*filter_ : nullptr,
                  first ? explain_ : counts_again);
  }
  KSEEK_ASSIGN(const Stop stop, open_blocks(*queue, top));
  explain_.blocks_not_asked = queue->blocks_not_asked();
  if (!first) {
    explain_.candidates += counts_again.candidates;
    explain_.notes.insert(explain_.notes.end(), counts_again.notes.begin(), counts_again.notes.end());
  }
  if (stop != Stop::kCertain) {
    cut_round(stop, *queue->best(), top);
    return false;
  }
  for (RankedHit& hit : top.hits()) give(std::move(hit));
  const std::optional<SortKey> known_to = window_.up_to;
  cursor_.round.reset();
  const bool page_full = answer_.hits.size() == request_.limit;
  answer_.more = page_full ? top.overflowed() || queue->best() || known_to : known_to.has_value();
  if (page_full || !known_to) return false;
  cursor_.after = known_to;  // everything up to there has been given
  return true;
}

void Searcher::restrict_scopes() {
  for (size_t t = 0; t < topics_.size(); ++t) {
    restrict_scope(topics_[t], cursor_.topics[t], request_.offsets, request_.times, cursor_.round.has_value());
  }
}

Result<void> Searcher::scan_memory(TopHits& top) {
  for (uint32_t t = 0; t < topics_.size(); ++t) {
    for (const store::MemoryBlock& memory : topics_[t].view.memory) {
      if (cancelled()) return Error{ErrorCode::kTimeout, "the search was cancelled", ""};
      if (topics_[t].find(memory.block->partition()) == nullptr) continue;
      const Timer timer(explain_.verify_ms);
      scan(t, memory.block, memory.messages, top);
      bytes_ += memory.block->raw_bytes();
      explain_.memory_blocks_scanned += 1;
    }
  }
  return {};
}

void Searcher::find_again(const std::vector<MessagePosition>& tentative, TopHits& top) {
  const Timer timer(explain_.read_ms);
  for (const MessagePosition& position : tentative) {
    const TopicScope& topic = topics_[position.topic];
    const PartitionScope* partition = topic.find(position.partition);
    if (partition == nullptr) continue;
    auto found = store::find_message(*topic.store, position.partition, position.offset);
    if (!found) {
      add_reason(fmt::format("{}, partition {}, offset {} can't be read: {}", topic.name, position.partition.value,
                             position.offset.value, describe(found.error())));
    } else if (found->has_value()) {
      consider(position.topic, *partition, (*found)->block, (*found)->message, top);
    }
  }
}

Result<Searcher::Stop> Searcher::open_blocks(CandidateQueue& queue, TopHits& top) {
  while (const auto best = queue.best()) {
    if (cancelled()) return Error{ErrorCode::kTimeout, "the search was cancelled", ""};
    if (top.full() && precedes(top.last(), *best, request_.order)) break;
    const store::BlockMeta* next = queue.next_block();
    if (const auto stop = must_stop(next)) return *stop;
    if (next != nullptr) {
      open_block(queue.pop(), top);
    } else {
      const Timer timer(explain_.plan_ms);
      queue.ask_index();
      ++indexes_asked_;
    }
  }
  return Stop::kCertain;
}

std::optional<Searcher::Stop> Searcher::must_stop(const store::BlockMeta* next) const {
  if (blocks_tried_ + indexes_asked_ > 0 && Clock::now() - began_ >= request_.deadline) return Stop::kTime;
  const bool over_budget =
      next != nullptr && (bytes_ >= request_.byte_budget || next->raw_bytes > request_.byte_budget - bytes_);
  if (over_budget && blocks_tried_ > 0) return Stop::kBytes;
  return std::nullopt;
}

void Searcher::open_block(const Candidate& candidate, TopHits& top) {
  const TopicScope& topic = topics_[candidate.topic];
  const store::BlockMeta& meta = *candidate.block;
  ++blocks_tried_;
  Result<std::shared_ptr<const store::MessageBlock>> block = [&] {
    const Timer timer(explain_.read_ms);
    return topic.store->read_block(meta);
  }();
  if (!block) {
    add_reason(fmt::format("{}, partition {}: offsets {} to {} can't be read: {}", topic.name, meta.partition.value,
                           meta.first.value, meta.last.value, describe(block.error())));
    return;
  }
  if (*block == nullptr) return;  // it has expired since
  const Timer timer(explain_.verify_ms);
  scan(candidate.topic, *block, (*block)->size(), top);
  bytes_ += meta.raw_bytes;
  explain_.blocks_opened += 1;
  explain_.bytes_read += meta.raw_bytes;
}

void Searcher::scan(uint32_t topic, const std::shared_ptr<const store::MessageBlock>& block, size_t messages,
                    TopHits& top) {
  if (messages == 0) return;
  const PartitionScope* partition = topics_[topic].find(block->message(0).partition);
  if (partition == nullptr) return;
  // From the end where better keys are likely, so that the page is soon full of good ones and most are rejected
  // cheaply.
  const bool backwards = request_.order == Order::kNewest;
  for (size_t n = 0; n < messages; ++n) {
    consider(topic, *partition, block, block->message(backwards ? messages - 1 - n : n), top);
  }
}

void Searcher::consider(uint32_t topic, const PartitionScope& partition,
                        const std::shared_ptr<const store::MessageBlock>& block, const store::StoredMessage& message,
                        TopHits& top) {
  if (message.offset < partition.first || message.offset >= partition.limit) return;
  const TopicScope& scope = topics_[topic];
  const SortKey key{message.time(scope.time_kind()), message.partition, message.offset, topic};
  if (key.time < scope.times.first || key.time > scope.times.last) return;
  if (!window_.contains(key) || top.rejects(key)) return;
  explain_.messages_verified += 1;
  if (matcher_.matches(message, scope.time_kind())) top.add({key, {block, message}});
}

void Searcher::cut_round(Stop why, const SortKey& next_bound, TopHits& top) {
  RoundState round;
  round.next_bound = next_bound;
  round.up_to = top.overflowed() ? std::optional(top.last()) : window_.up_to;
  if (!cursor_.round) {
    for (size_t t = 0; t < topics_.size(); ++t) {
      const auto now = take_snapshot(topics_[t].view, request_);
      for (PartitionSnapshot& seen : cursor_.topics[t]) {
        const auto it =
            std::find_if(now.begin(), now.end(), [&](const auto& p) { return p.partition == seen.partition; });
        seen.scanned_from = it == now.end() ? seen.upper : it->scanned_from;
      }
    }
  }
  for (RankedHit& hit : top.hits()) {
    if (precedes(hit.key, next_bound, request_.order)) {
      give(std::move(hit));
    } else {
      round.tentative.push_back({hit.key.topic, hit.key.partition, hit.key.offset});
    }
  }
  cursor_.round = std::move(round);
  answer_.more = true;
  const char* what = why == Stop::kTime ? "the time limit was reached" : "the limit of bytes to read was reached";
  add_reason(fmt::format("{} after {} blocks; the cursor goes on from there", what, blocks_tried_));
}

void Searcher::give(RankedHit hit) {
  const TopicScope& topic = topics_[hit.key.topic];
  Hit given{topic.name, topic.time_kind(), std::move(hit.found), {}};
  given.matched = matcher_.matched_parts(given.message());
  answer_.hits.push_back(std::move(given));
  cursor_.after = hit.key;
}

bool Searcher::cancelled() const {
  return request_.cancelled != nullptr && request_.cancelled->load(std::memory_order_relaxed);
}

void Searcher::add_reason(std::string reason) {
  constexpr size_t kMaxReasons = 20;
  auto& reasons = answer_.incomplete_because;
  if (reasons.size() < kMaxReasons && std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
    reasons.push_back(std::move(reason));
  }
}

void Searcher::finish() {
  answer_.complete = answer_.incomplete_because.empty();
  if (answer_.more) answer_.cursor = encode_cursor(cursor_);
  if (request_.explain) {
    if (filter_) explain_.steps = filter_->steps();
    answer_.explain = std::move(explain_);
  }
  answer_.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
}

}  // namespace kseek::query
