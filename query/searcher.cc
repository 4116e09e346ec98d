#include "query/searcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "base/bytes.h"
#include "query/scan_pool.h"

namespace kseek::query {
namespace {

/// As many blocks are opened ahead at most; a helper always has its next one, and little is read in vain at the end.
constexpr uint64_t kBlocksAheadACore = 2;

/// More are not asked together: the first of them may have all that is looked for.
constexpr size_t kMostSegmentsAtOnce = 8;

/// Raw bytes of blocks that are under way at once, beyond the first.
constexpr uint64_t kMaxBytesAhead = 32_MiB;

/// A condition that a search of whole columns helps with; else nothing.
std::optional<Prefilter> make_prefilter(const std::optional<Condition>& where) {
  if (!where) return std::nullopt;
  Prefilter prefilter(*where);
  if (!prefilter.filters()) return std::nullopt;
  return prefilter;
}

/// Of slices of a block of so many raw bytes; about, where it doesn't know its columns' sizes.
uint64_t bytes_looked_at(const store::MessageBlock& block, store::Columns columns, store::SliceMask slices,
                         uint64_t raw_bytes) {
  using Text = store::MessageBlock::Text;
  raw_bytes = raw_bytes * static_cast<unsigned>(std::popcount(slices)) / store::kBlockSlices;
  if (columns.headers) return raw_bytes;
  uint64_t bytes = 0;
  for (const auto& [wanted, text] : {std::pair(columns.keys, Text::kKey), std::pair(columns.values, Text::kValue)}) {
    if (!wanted) continue;
    const auto column = block.column(text);
    if (!column) return raw_bytes;
    bytes += column->ends.back();
  }
  return std::min(bytes, raw_bytes);
}

}  // namespace

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
      prefilter_(make_prefilter(request.where)),
      columns_(request.where ? columns_of(*request.where) : store::Columns::none()) {
  scanners_.push_back(std::make_unique<BlockScanner>(request.where, prefilter_ ? &*prefilter_ : nullptr));
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
  window_ = {request_.order, cursor_.after, std::nullopt, std::nullopt, {}};
  TopHits top(request_.order, request_.limit - answer_.hits.size());
  if (cursor_.round) {
    window_.up_to = cursor_.round->up_to;
    window_.next_bound = cursor_.round->next_bound;
    window_.blocks_end = cursor_.round->blocks_end;
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
  ReadAhead ahead(
      *queue, [this](const Candidate& candidate, const ScanLimits& limits) { return scan_block(candidate, limits); },
      [&](const Candidate& candidate, const SortKey& best) -> std::optional<ScanLimits> {
        if (ends_before(top, best)) return std::nullopt;
        ScanLimits limits = limits_for(candidate.topic, candidate.block->partition, top);
        limits.slices = candidate.slices;
        return limits;
      });
  KSEEK_ASSIGN(const Stop stop, open_blocks(*queue, ahead, top));
  const std::optional<SortKey> next = ahead.best();
  const auto unneeded = ahead.close();
  explain_.blocks_unneeded += unneeded.blocks;
  explain_.bytes_read += unneeded.bytes_read;
  explain_.blocks_not_asked = queue->blocks_not_asked();
  if (!first) {
    explain_.candidates += counts_again.candidates;
    explain_.notes.insert(explain_.notes.end(), counts_again.notes.begin(), counts_again.notes.end());
  }
  if (stop != Stop::kCertain) {
    cut_round(stop, *next, top);
    return false;
  }
  give(top.hits());
  const std::optional<SortKey> known_to = window_.up_to;
  cursor_.round.reset();
  const bool page_full = answer_.hits.size() == request_.limit;
  answer_.more = page_full ? top.overflowed() || next || known_to : known_to.has_value();
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
  struct Memory {
    SortKey best;
    const store::MemoryBlock* block;
    store::BlockMeta bounds;
  };
  std::vector<Memory> blocks;
  for (uint32_t t = 0; t < topics_.size(); ++t) {
    for (const store::MemoryBlock& memory : topics_[t].view.memory) {
      if (memory.messages == 0 || topics_[t].find(memory.block->partition()) == nullptr) continue;
      const store::BlockMeta bounds = memory.block->bounds(memory.messages);
      blocks.push_back({best_key(bounds, topics_[t].time_kind(), t, request_.order), &memory, bounds});
    }
  }
  std::sort(blocks.begin(), blocks.end(),
            [this](const Memory& a, const Memory& b) { return precedes(a.best, b.best, request_.order); });
  for (const Memory& memory : blocks) {
    if (cancelled()) return Error{ErrorCode::kTimeout, "the search was cancelled", ""};
    if (ends_before(top, memory.best)) {
      top.note_left_out();
      break;  // as is all in those that follow
    }
    const Timer timer(explain_.verify_ms);
    const ScanLimits limits = limits_for(memory.best.topic, memory.best.partition, top);
    auto scanner = borrow_scanner();
    auto found = scanner->scan(memory.block->block, memory.block->messages, memory.bounds, limits);
    give_back(std::move(scanner));
    if (!found) return std::move(found).error();
    add_hits(*std::move(found), top);
    bytes_ += memory.block->block->raw_bytes();
    explain_.memory_blocks_scanned += 1;
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
      const store::StoredMessage& message = (*found)->message;
      const SortKey key{message.time(topic.time_kind()), message.partition, message.offset, position.topic};
      if (!limits_for(position.topic, position.partition, top).contains(key) || top.rejects(key)) continue;
      explain_.messages_verified += 1;
      auto scanner = borrow_scanner();
      if (scanner->matches(message, topic.time_kind())) top.add({key, **std::move(found)});
      give_back(std::move(scanner));
    }
  }
}

Result<Searcher::Stop> Searcher::open_blocks(CandidateQueue& queue, ReadAhead& ahead, TopHits& top) {
  while (const auto best = ahead.best()) {
    if (cancelled()) return Error{ErrorCode::kTimeout, "the search was cancelled", ""};
    if (ends_before(top, *best)) break;
    const store::BlockMeta* next = ahead.next_block();
    if (const auto stop = must_stop(next)) return *stop;
    if (next == nullptr) {
      ask_index(queue);
      continue;
    }
    look_ahead(queue, ahead, top);
    ++blocks_tried_;
    take_found(ahead.take(), top);
  }
  return Stop::kCertain;
}

void Searcher::ask_index(CandidateQueue& queue) {
  const Timer timer(explain_.plan_ms);
  indexes_asked_ += queue.ask_index(segments_at_once());
}

size_t Searcher::segments_at_once() const {
  if (request_.read_ahead == 0U) return 1;
  return std::clamp<size_t>(indexes_asked_, 1, kMostSegmentsAtOnce);
}

void Searcher::look_ahead(CandidateQueue& queue, ReadAhead& ahead, const TopHits& top) {
  const uint64_t budget = request_.byte_budget - std::min(request_.byte_budget, bytes_);
  while (looks_further(ahead, top)) {
    const std::optional<SortKey> best = queue.best();
    if (!best || ends_before(top, *best)) return;
    if (queue.next_block() == nullptr) {
      ahead.share_first();
      ask_index(queue);
    } else if (!ahead.add(std::min(budget, kMaxBytesAhead))) {
      return;
    }
  }
}

bool Searcher::looks_further(const ReadAhead& ahead, const TopHits& top) const {
  const size_t blocks = ahead.blocks();
  if (blocks == 0) return true;
  if (blocks > request_.read_ahead.value_or(kBlocksAheadACore * (ScanPool::instance().threads() + 1))) return false;
  return blocks <= blocks_tried_ || static_cast<double>(top.size()) + ahead.hits_expected() < top.capacity();
}

ScanLimits Searcher::limits_for(uint32_t topic, PartitionId partition, const TopHits& top) const {
  ScanLimits limits;
  if (top.full()) limits.worst = top.last();
  limits.topic = topic;
  limits.time_kind = topics_[topic].time_kind();
  limits.partition = *topics_[topic].find(partition);
  limits.times = topics_[topic].times;
  limits.window = window_;
  limits.capacity = top.capacity();
  return limits;
}

std::optional<Searcher::Stop> Searcher::must_stop(const store::BlockMeta* next) const {
  if (blocks_tried_ + indexes_asked_ > 0 && Clock::now() - began_ >= request_.deadline) return Stop::kTime;
  const bool over_budget =
      next != nullptr && (bytes_ >= request_.byte_budget || next->raw_bytes > request_.byte_budget - bytes_);
  if (over_budget && blocks_tried_ > 0) return Stop::kBytes;
  return std::nullopt;
}

ScannedBlock Searcher::scan_block(const Candidate& candidate, const ScanLimits& limits) {
  ScannedBlock scanned;
  scanned.candidate = candidate;
  Result<std::shared_ptr<const store::MessageBlock>> block = [&] {
    const Timer timer(scanned.read_ms);
    // Once the page is full it may be that no message has a place, and no text is needed; or not those of all slices;
    // or the scanner looks for something first.
    const bool all =
        !limits.worst && limits.slices == store::kAllSlices && !(prefilter_ && prefilter_->narrows_loading());
    const store::Columns columns = all ? columns_ : store::Columns::none();
    return topics_[candidate.topic].store->read_block(*candidate.block, columns);
  }();
  if (!block) {
    scanned.found = std::move(block).error();
    return scanned;
  }
  scanned.expired = *block == nullptr;
  if (scanned.expired) return scanned;
  const Timer timer(scanned.verify_ms);
  auto scanner = borrow_scanner();
  scanned.found = scanner->scan(*block, (*block)->size(), *candidate.block, limits);
  give_back(std::move(scanner));
  if (scanned.found && scanned.found->read_texts) {
    scanned.bytes_read = bytes_looked_at(**block, columns_, limits.slices, candidate.block->raw_bytes);
  }
  return scanned;
}

std::unique_ptr<BlockScanner> Searcher::borrow_scanner() {
  {
    const std::lock_guard lock(scanners_mu_);
    if (!scanners_.empty()) {
      auto scanner = std::move(scanners_.back());
      scanners_.pop_back();
      return scanner;
    }
  }
  return std::make_unique<BlockScanner>(request_.where, prefilter_ ? &*prefilter_ : nullptr);
}

void Searcher::give_back(std::unique_ptr<BlockScanner> scanner) {
  const std::lock_guard lock(scanners_mu_);
  scanners_.push_back(std::move(scanner));
}

void Searcher::take_found(ScannedBlock scanned, TopHits& top) {
  explain_.read_ms += scanned.read_ms;
  explain_.verify_ms += scanned.verify_ms;
  const store::BlockMeta& meta = *scanned.candidate.block;
  if (!scanned.found) {
    add_reason(fmt::format("{}, partition {}: offsets {} to {} can't be read: {}",
                           topics_[scanned.candidate.topic].name, meta.partition.value, meta.first.value,
                           meta.last.value, describe(scanned.found.error())));
    return;
  }
  if (scanned.expired) return;
  add_hits(*std::move(scanned.found), top);
  bytes_ += meta.raw_bytes;
  explain_.blocks_opened += 1;
  explain_.bytes_read += scanned.bytes_read;
}

void Searcher::add_hits(BlockScanner::Found found, TopHits& top) {
  explain_.messages_verified += found.verified;
  for (RankedHit& hit : found.hits) top.add(std::move(hit));
  if (found.left_out) top.note_left_out();
}

void Searcher::cut_round(Stop why, const SortKey& next_bound, TopHits& top) {
  RoundState round;
  round.next_bound = next_bound;
  for (const TopicScope& topic : topics_) round.blocks_end.push_back(topic.view.blocks->ids_end());
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
  const std::span<RankedHit> hits = top.hits();
  const auto certain = std::partition_point(
      hits.begin(), hits.end(), [&](const RankedHit& hit) { return precedes(hit.key, next_bound, request_.order); });
  for (auto hit = certain; hit != hits.end(); ++hit) {
    round.tentative.push_back({hit->key.topic, hit->key.partition, hit->key.offset});
  }
  give({hits.begin(), certain});
  cursor_.round = std::move(round);
  answer_.more = true;
  const char* what = why == Stop::kTime ? "the time limit was reached" : "the limit of bytes to read was reached";
  answer_.cut_short = fmt::format("{} after {} blocks; the cursor goes on from there", what, blocks_tried_);
  answer_.incomplete_because.push_back(answer_.cut_short);
}

void Searcher::give(std::span<RankedHit> hits) {
  std::vector<Result<void>> loaded(hits.size());
  {
    const Timer timer(explain_.read_ms);
    run_together(hits.size(), [&](size_t i) { loaded[i] = hits[i].found.block->load_message(hits[i].found.index); });
  }
  for (size_t i = 0; i < hits.size(); ++i) give(std::move(hits[i]), loaded[i]);
}

void Searcher::give(RankedHit hit, const Result<void>& loaded) {
  const TopicScope& topic = topics_[hit.key.topic];
  cursor_.after = hit.key;
  if (!loaded) {
    add_reason(fmt::format("{}, partition {}, offset {} can't be read: {}", topic.name, hit.key.partition.value,
                           hit.key.offset.value, describe(loaded.error())));
    return;
  }
  hit.found.message = hit.found.block->message(hit.found.index);
  Hit given{topic.name, topic.time_kind(), std::move(hit.found), {}};
  auto scanner = borrow_scanner();
  given.matched = scanner->matched_parts(given.message());
  give_back(std::move(scanner));
  answer_.hits.push_back(std::move(given));
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
