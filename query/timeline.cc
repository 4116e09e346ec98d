#include "query/timeline.h"

#include <algorithm>
#include <cmath>

#include "query/scope.h"

namespace kseek::query {
namespace {

/// The latest time that takes part, as a message may claim any: the latest that JavaScript's Date knows.
constexpr int64_t kLatestMs = 8'640'000'000'000'000;

/// Messages of one place between two times, both included.
struct Span {
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  uint64_t messages = 0;
};

/// Sealed blocks as spans by their metadata, messages in memory by their own times. Those without a time are left out.
std::vector<Span> spans_of(const std::vector<TopicScope>& topics, const SearchRequest& request) {
  std::vector<Span> spans;
  for (const TopicScope& topic : topics) {
    const TimeKind kind = topic.time_kind();
    const auto low_of = [&](PartitionId partition) -> std::optional<Offset> {
      const auto& wanted = request.partitions;
      if (wanted && std::find(wanted->begin(), wanted->end(), partition) == wanted->end()) return std::nullopt;
      for (const store::PartitionView& p : topic.view.partitions) {
        if (p.partition == partition) return p.low;
      }
      return std::nullopt;
    };
    topic.view.blocks->for_each([&](const store::BlockMeta& meta) {
      const auto low = low_of(meta.partition);
      if (!low || meta.last < *low || meta.max_time(kind).ms < 0) return;
      const auto within = [](int64_t ms) { return std::clamp<int64_t>(ms, 0, kLatestMs); };
      spans.push_back({within(meta.min_time(kind).ms), within(meta.max_time(kind).ms), meta.messages});
    });
    for (const store::MemoryBlock& memory : topic.view.memory) {
      const auto low = low_of(memory.block->partition());
      for (size_t i = 0; low && i < memory.messages; ++i) {
        const store::MessageHead message = memory.block->head(i);
        const int64_t ms = message.time(kind).ms;
        if (ms >= 0 && ms <= kLatestMs && message.offset >= *low) spans.push_back({ms, ms, 1});
      }
    }
  }
  return spans;
}

/// Puts a span's messages into the buckets that it touches, each its even share, and in sum exactly what lies inside.
void spread(const Span& span, int64_t last_ms, Timeline& line) {
  const int64_t from = std::max(span.first_ms, line.first.ms);
  const int64_t to = std::min(span.last_ms, last_ms);
  if (from > to) return;
  const auto bucket_of = [&](int64_t ms) { return static_cast<size_t>((ms - line.first.ms) / line.bucket_ms); };
  const size_t begin = bucket_of(from);
  const size_t end = bucket_of(to);
  const double a_ms = static_cast<double>(span.messages) / static_cast<double>(span.last_ms - span.first_ms + 1);
  const auto up_to = [&](int64_t ms) {  // messages of the span before this time
    return static_cast<uint64_t>(std::llround(a_ms * static_cast<double>(ms - span.first_ms)));
  };
  const uint64_t before = line.messages;
  for (size_t b = begin; b <= end; ++b) {
    const int64_t bucket = line.first.ms + static_cast<int64_t>(b) * line.bucket_ms;
    const uint64_t count = up_to(std::min(bucket + line.bucket_ms, to + 1)) - up_to(std::max(bucket, from));
    line.buckets[b] += count;
    line.messages += count;
  }
  const bool cut = from > span.first_ms || to < span.last_ms;
  if (begin != end || cut) line.spread += line.messages - before;
}

}  // namespace

Result<std::optional<Timeline>> count_over_time(const store::Store& store, const SearchRequest& request,
                                                size_t buckets) {
  KSEEK_ASSIGN(const std::vector<TopicScope> topics, open_topics(store, request));
  const std::vector<Span> spans = spans_of(topics, request);
  if (spans.empty()) return std::optional<Timeline>();
  int64_t first = spans.front().first_ms;
  int64_t last = spans.front().last_ms;
  for (const Span& span : spans) {
    first = std::min(first, span.first_ms);
    last = std::max(last, span.last_ms);
  }
  if (request.times.first != kMinTimestamp) first = std::clamp<int64_t>(request.times.first.ms, 0, kLatestMs);
  if (request.times.last != kMaxTimestamp) last = std::min(request.times.last.ms, kLatestMs);
  if (last < first) return std::optional<Timeline>();
  Timeline line;
  line.first = {first};
  const auto wanted = static_cast<int64_t>(std::clamp<size_t>(buckets, 1, kMaxTimelineBuckets));
  line.bucket_ms = (last - first) / wanted + 1;
  line.buckets.resize(static_cast<size_t>((last - first) / line.bucket_ms + 1));
  for (const Span& span : spans) spread(span, last, line);
  return std::optional(std::move(line));
}

}  // namespace kseek::query
