#include "query/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "query/scope.h"

namespace kseek::query {
namespace {

using Clock = std::chrono::steady_clock;

Error cancelled() { return {ErrorCode::kTimeout, "the request was cancelled", ""}; }

/// How much an answer may still hold; its first message always has room.
class Room {
 public:
  explicit Room(uint64_t max_bytes) : max_bytes_(max_bytes) {}
  /// False, and nothing done, when the message has no room.
  [[nodiscard]] bool take(const store::StoredMessage& message) {
    const uint64_t bytes = bytes_ + message.raw_bytes();
    if (!empty_ && bytes > max_bytes_) return false;
    empty_ = false;
    bytes_ = bytes;
    return true;
  }

 private:
  const uint64_t max_bytes_;
  uint64_t bytes_ = 0;
  bool empty_ = true;
};

/// A block of the partition, sealed or in memory.
struct Part {
  Offset first;
  Offset last;
  const store::BlockMeta* sealed = nullptr;
  const store::MemoryBlock* memory = nullptr;
};

/// The blocks that may have messages at or above `from`, in offset order: they don't overlap.
std::vector<Part> parts_from(const store::TopicView& view, PartitionId partition, Offset from) {
  std::vector<Part> parts;
  view.blocks->for_each([&](const store::BlockMeta& meta) {
    if (meta.partition == partition && meta.last >= from && meta.max_time(view.config.time_kind) >= view.time_floor) {
      parts.push_back({meta.first, meta.last, &meta, nullptr});
    }
  });
  for (const store::MemoryBlock& memory : view.memory) {
    if (memory.block->partition() != partition || memory.messages == 0) continue;
    const Part part{memory.block->message(0).offset, memory.block->message(memory.messages - 1).offset, nullptr,
                    &memory};
    if (part.last >= from) parts.push_back(part);
  }
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.first < b.first; });
  return parts;
}

/// The first of `count` messages at or above `from`.
size_t lower_bound(const store::MessageBlock& block, size_t count, Offset from) {
  size_t begin = 0;
  while (count > 0) {
    const size_t half = count / 2;
    if (block.message(begin + half).offset < from) {
      begin += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return begin;
}

/// Reads one partition by offset. One thread.
class OffsetWalk {
 public:
  OffsetWalk(const MessagesRequest& request, const TopicScope& topic, const store::PartitionView& partition)
      : request_(request),
        topic_(topic),
        partition_(partition),
        until_(Clock::now() + request.deadline),
        room_(request.max_bytes) {}

  Result<MessagesAnswer> run() {
    next_ = std::max(*request_.offset, partition_.low);
    answer_.begins_at = next_;
    note_position();
    for (const Part& part : parts_from(topic_.view, partition_.partition, next_)) {
      if (request_.cancelled != nullptr && request_.cancelled->load(std::memory_order_relaxed)) return cancelled();
      if (parts_read_ > 0 && Clock::now() >= until_) {
        cut_ = true;
        break;
      }
      KSEEK_TRY(read(part));
      ++parts_read_;
      if (full_) break;
    }
    if (!full_ && !cut_) {
      add_gap(partition_.indexed_to);
      next_ = std::max(next_, partition_.indexed_to);
    }
    answer_.next_offset = next_;
    answer_.more = next_ < partition_.indexed_to;
    if (cut_) {
      answer_.incomplete_because.push_back(
          fmt::format("the time limit was reached; offset {} goes on from there", next_.value));
    }
    return std::move(answer_);
  }

 private:
  void note_position() {
    const Offset asked = *request_.offset;
    if (asked < partition_.low) {
      answer_.notes.push_back(fmt::format("offsets {} to {} have expired: the answer begins at {}", asked.value,
                                          partition_.low.value - 1, partition_.low.value));
    } else if (asked > partition_.indexed_to) {
      answer_.notes.push_back(fmt::format("offset {} is beyond what was taken in: partition {} is indexed up to {}",
                                          asked.value, partition_.partition.value, partition_.indexed_to.value));
    }
  }

  /// What stands in the part, until the answer is full.
  Result<void> read(const Part& part) {
    std::shared_ptr<const store::MessageBlock> block;
    if (part.memory != nullptr) {
      block = part.memory->block;
    } else {
      auto decoded = topic_.store->read_block(*part.sealed);
      if (!decoded) {
        leave_out(part, decoded.error());
        return {};
      }
      block = *std::move(decoded);
      if (block == nullptr) return {};  // it has expired since
    }
    const size_t count = part.memory != nullptr ? part.memory->messages : block->size();
    for (size_t i = lower_bound(*block, count, next_); i < count; ++i) {
      const store::StoredMessage message = block->message(i);
      if (message.time(topic_.time_kind()) < topic_.view.time_floor) continue;
      if (answer_.messages.size() == request_.limit || !room_.take(message)) {
        full_ = true;
        return {};
      }
      add_gap(message.offset);
      next_ = message.offset.next();
      answer_.messages.push_back({topic_.name, topic_.time_kind(), {block, message}, {}});
    }
    return {};
  }

  void leave_out(const Part& part, const Error& error) {
    answer_.incomplete_because.push_back(fmt::format("partition {}: offsets {} to {} can't be read: {}",
                                                     partition_.partition.value, part.first.value, part.last.value,
                                                     describe(error)));
    add_gap(part.first);
    next_ = std::max(next_, part.last.next());
  }

  /// Nothing stands from next_ to `end`.
  void add_gap(Offset end) {
    if (next_ < end) answer_.gaps.push_back({next_, Offset{end.value - 1}});
  }

  const MessagesRequest& request_;
  const TopicScope& topic_;
  const store::PartitionView& partition_;
  const Clock::time_point until_;
  MessagesAnswer answer_;
  Offset next_;  // everything below is in the answer, a gap, or left out
  Room room_;
  size_t parts_read_ = 0;
  bool full_ = false;
  bool cut_ = false;
};

Result<MessagesAnswer> from_offset(const store::Store& store, const MessagesRequest& request) {
  if (!request.partitions || request.partitions->size() != 1) {
    return Error{ErrorCode::kInvalid, "an offset is one of a partition, and which one is not said",
                 "name one partition, or ask from a time over all of them"};
  }
  SearchRequest asked;
  asked.topics = {request.topic};
  asked.partitions = request.partitions;
  KSEEK_ASSIGN(const std::vector<TopicScope> topics, open_topics(store, asked));
  const TopicScope& topic = topics.front();
  const PartitionId wanted = request.partitions->front();
  const auto partition = std::find_if(topic.view.partitions.begin(), topic.view.partitions.end(),
                                      [&](const store::PartitionView& each) { return each.partition == wanted; });
  if (partition == topic.view.partitions.end()) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("nothing is known of partition {} of topic \"{}\"", wanted.value, request.topic),
                 fmt::format("`kseek progress {}` lists its partitions", request.topic)};
  }
  KSEEK_ASSIGN(MessagesAnswer answer, OffsetWalk(request, topic, *partition).run());
  asked.offsets.first = *request.offset;
  if (answer.more) asked.offsets.last = Offset{answer.next_offset->value - 1};
  SearchAnswer covered;
  if (asked.offsets.first <= asked.offsets.last) {
    add_coverage(topic, take_snapshot(topic.view, asked), asked, covered);
  }
  answer.coverage = std::move(covered.coverage);
  answer.incomplete_because.insert(answer.incomplete_because.end(), covered.incomplete_because.begin(),
                                   covered.incomplete_because.end());
  answer.complete = answer.incomplete_because.empty();
  return answer;
}

/// How many of the hits an answer may have, for its bytes.
size_t fitting(const std::vector<Hit>& hits, uint64_t max_bytes) {
  Room room(max_bytes);
  const auto first_too_many =
      std::find_if(hits.begin(), hits.end(), [&](const Hit& hit) { return !room.take(hit.message()); });
  return static_cast<size_t>(first_too_many - hits.begin());
}

/// The oldest first of everything since then.
Result<MessagesAnswer> from_time(const store::Store& store, const MessagesRequest& request) {
  SearchRequest asked;
  asked.topics = {request.topic};
  asked.partitions = request.partitions;
  asked.times.first = *request.time;
  asked.order = Order::kOldest;
  asked.limit = request.limit;
  asked.cursor = request.cursor;
  asked.deadline = request.deadline;
  asked.cancelled = request.cancelled;
  asked.asked_at = request.asked_at;
  KSEEK_ASSIGN(SearchAnswer found, search(store, asked));
  for (size_t fit = 0; (fit = fitting(found.hits, request.max_bytes)) < found.hits.size();) {
    asked.limit = fit;  // so that the cursor stands behind the last one given
    KSEEK_ASSIGN(found, search(store, asked));
  }
  MessagesAnswer answer;
  answer.messages = std::move(found.hits);
  answer.complete = found.complete;
  answer.incomplete_because = std::move(found.incomplete_because);
  answer.more = found.more;
  answer.cursor = std::move(found.cursor);
  answer.coverage = std::move(found.coverage);
  return answer;
}

}  // namespace

Result<MessagesAnswer> read_messages(const store::Store& store, const MessagesRequest& request) {
  const auto began = Clock::now();
  if (request.limit < 1 || request.limit > kMaxHits) {
    return Error{ErrorCode::kInvalid, fmt::format("limit: {} is not from 1 to {}", request.limit, kMaxHits),
                 "go on from where the answer ends for more"};
  }
  if (request.offset.has_value() == request.time.has_value()) {
    return Error{ErrorCode::kInvalid, "where the messages begin is not said, or said twice",
                 "name a partition and an offset in it, or a time"};
  }
  if (request.offset && !request.cursor.empty()) {
    return Error{ErrorCode::kInvalid, "cursor: it belongs to a time", "go on with the answer's next offset"};
  }
  if (store.topic(request.topic) == nullptr) {
    return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" is not opened", request.topic),
                 fmt::format("open it first: kseek open {}", request.topic)};
  }
  KSEEK_ASSIGN(MessagesAnswer answer, request.offset ? from_offset(store, request) : from_time(store, request));
  answer.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
  return answer;
}

}  // namespace kseek::query
