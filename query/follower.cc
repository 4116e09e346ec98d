#include "query/follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "query/sort_key.h"

namespace kseek::query {
namespace {

/// A block that has messages of the range, sealed or in memory.
struct Source {
  Offset first;
  const store::BlockMeta* sealed = nullptr;
  const store::MemoryBlock* memory = nullptr;
};

/// Those of [from, end) in the partition, in offset order. The pointers live as long as the view.
std::vector<Source> sources_of(const store::TopicView& view, PartitionId partition, Offset from, Offset end) {
  std::vector<Source> sources;
  view.blocks->for_each([&](const store::BlockMeta& meta) {
    if (meta.partition == partition && meta.last >= from && meta.first < end) {
      sources.push_back({meta.first, &meta, nullptr});
    }
  });
  for (const store::MemoryBlock& memory : view.memory) {
    if (memory.block->partition() != partition || memory.messages == 0) continue;
    const Offset first = memory.block->message(0).offset;
    if (memory.block->message(memory.messages - 1).offset >= from && first < end) {
      sources.push_back({first, nullptr, &memory});
    }
  }
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) { return a.first < b.first; });
  return sources;
}

/// The first of `messages` messages whose offset is not below `from`.
size_t first_at(const store::MessageBlock& block, size_t messages, Offset from) {
  size_t low = 0;
  for (size_t high = messages; low < high;) {
    const size_t middle = low + (high - low) / 2;
    if (block.message(middle).offset < from) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void tell(Follower::News& news, int64_t skipped, std::string because) {
  if (skipped <= 0) return;
  news.skipped += static_cast<uint64_t>(skipped);
  news.because.push_back(std::move(because));
}

}  // namespace

Follower::Follower(const store::Store& store, const SearchRequest& request, const std::vector<std::string>& topics,
                   const std::vector<PartitionCoverage>& seen)
    : store_(store), request_(request), matcher_(request.where) {
  for (const std::string& name : topics) {
    Topic topic{name, store.topic(name), {}, 0};
    for (const PartitionCoverage& row : seen) {
      if (row.topic == name) topic.positions[row.partition] = row.indexed_to;
    }
    topics_.push_back(std::move(topic));
  }
}

bool Follower::asks_for(PartitionId partition) const {
  return !request_.partitions ||
         std::find(request_.partitions->begin(), request_.partitions->end(), partition) != request_.partitions->end();
}

bool Follower::has_new() const {
  return std::any_of(topics_.begin(), topics_.end(), [this](const Topic& topic) {
    if (topic.store == nullptr || store_.topic(topic.name) != topic.store) return true;
    const store::TopicView view = topic.store->view();
    return std::any_of(view.partitions.begin(), view.partitions.end(), [&](const store::PartitionView& partition) {
      if (!asks_for(partition.partition)) return false;
      const auto position = topic.positions.find(partition.partition);
      return partition.indexed_to > (position == topic.positions.end() ? partition.low : position->second);
    });
  });
}

Result<Follower::News> Follower::next() {
  News news;
  int64_t budget = kMessagesACall;
  for (Topic& topic : topics_) {
    if (topic.store == nullptr || store_.topic(topic.name) != topic.store) {
      return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" was closed", topic.name), ""};
    }
    read_topic(topic, budget, news);
  }
  std::stable_sort(news.hits.begin(), news.hits.end(), [](const Hit& a, const Hit& b) {
    const auto key = [](const Hit& hit) {
      return SortKey{hit.message().time(hit.time_kind), hit.message().partition, hit.message().offset};
    };
    return key(a) < key(b);
  });
  return news;
}

void Follower::read_topic(Topic& topic, int64_t& budget, News& news) {
  const store::TopicView view = topic.store->view();
  const size_t count = view.partitions.size();
  const size_t begin = topic.turn++;
  for (size_t n = 0; n < count; ++n) {
    const store::PartitionView& partition = view.partitions[(begin + n) % count];
    if (!asks_for(partition.partition)) continue;
    Offset& position = topic.positions.try_emplace(partition.partition, partition.low).first->second;
    const auto where = [&] { return fmt::format("{}, partition {}", topic.name, partition.partition.value); };
    tell(news, std::min(partition.low, partition.indexed_to).value - position.value,
         where() + ": messages expired before they were looked at");
    position = std::max(position, std::min(partition.low, partition.indexed_to));
    if (partition.indexed_to.value - position.value > kMaxBehind) {
      const Offset near_end{partition.indexed_to.value - kKept};
      tell(news, near_end.value - position.value,
           where() + ": more came than was taken, so that it goes on near the end");
      position = near_end;
    }
    if (position >= partition.indexed_to) continue;
    position = read_range(topic, view, partition.partition, position, partition.indexed_to, budget, news);
    news.more = news.more || position < partition.indexed_to;
  }
}

Offset Follower::read_range(const Topic& topic, const store::TopicView& view, PartitionId partition, Offset from,
                            Offset end, int64_t& budget, News& news) {
  const TimeKind kind = view.config.time_kind;
  for (const Source& source : sources_of(view, partition, from, end)) {
    std::shared_ptr<const store::MessageBlock> block;
    size_t messages = 0;
    if (source.memory != nullptr) {
      block = source.memory->block;
      messages = source.memory->messages;
    } else {
      auto read = topic.store->read_block(*source.sealed);
      if (!read || *read == nullptr) {
        tell(news, source.sealed->last.value + 1 - std::max(from, source.first).value,
             fmt::format("{}, partition {}: {}", topic.name, partition.value,
                         read ? "messages expired before they were looked at" : describe(read.error())));
        continue;
      }
      block = *std::move(read);
      messages = block->size();
    }
    for (size_t i = first_at(*block, messages, from); i < messages; ++i) {
      const store::StoredMessage message = block->message(i);
      if (message.offset >= end) break;
      if (budget <= 0 || news.hits.size() >= kMaxNews) return message.offset;
      --budget;
      if (!request_.offsets.contains(message.offset) || !request_.times.contains(message.time(kind))) continue;
      if (!matcher_.matches(message, kind)) continue;
      Hit hit{topic.name, kind, {block, message, i}, {}};
      hit.matched = matcher_.matched_parts(message);
      news.hits.push_back(std::move(hit));
    }
  }
  return end;
}

}  // namespace kseek::query
