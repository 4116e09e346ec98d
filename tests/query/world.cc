#include "tests/query/world.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "base/time.h"

namespace kseek::query {
namespace {

constexpr int64_t kMsADay = 24LL * 3600 * 1000;
constexpr int64_t kRetentionDays = 1000;

template <class T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error("the store failed: " + describe(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

const std::vector<std::string> kHeaderNames = {"trace", "trace", "Trace", "x-id", "a.b", "a b", "c:d", "é", ""};

std::filesystem::path make_directory() {
  const auto parent = std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
  std::string name = (parent / "kseek_oracle_XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for temporary files");
  return name;
}

MessageView view_of(const OracleMessage& message) {
  MessageView view;
  view.partition = message.partition;
  view.offset = message.offset;
  view.create_time = message.create_time;
  view.ingest_time = message.ingest_time;
  view.timestamp_type = TimestampType::kCreateTime;
  view.key = message.key;
  view.value = message.value;
  view.headers = HeaderList(message.encoded_headers);
  return view;
}

}  // namespace

World::World(uint64_t seed)
    : random_(seed), dir_(make_directory()), base_{now().ms / kMsADay * kMsADay - 10 * kMsADay} {
  options_.blocks.max_messages = 1 + random_.below(random_.one_in(2) ? 6 : 50);
  options_.blocks.max_bytes = random_.one_in(3) ? 200 : 100'000;
  options_.blocks.blocks_per_segment = 1 + random_.below(4);
  options_.blocks.merge_width = 2 + random_.below(3);
  options_.blocks.max_level = 1 + static_cast<uint32_t>(random_.below(3));
  options_.write_buffer_bytes = 1_MiB;
  options_.block_cache_bytes = random_.one_in(2) ? 1000 : 10'000'000;
  store_ = need(store::Store::open(dir_, store::OpenMode::kOwner, options_));
  create_topics();
  for (size_t left = 4 + random_.below(30); left > 0; --left) work();
}

World::~World() {
  topics_.clear();
  store_.reset();
  std::error_code error;
  std::filesystem::remove_all(dir_, error);
}

void World::create_topics() {
  const size_t count = 1 + random_.below(3);
  for (uint32_t t = 0; t < count; ++t) {
    store::TopicConfig config;
    config.name = fmt::format("topic-{}", static_cast<char>('a' + t));
    config.source = random_.one_in(2) ? store::Source::kKafka : store::Source::kImport;
    config.time_kind = random_.one_in(2) ? TimeKind::kCreate : TimeKind::kIngest;
    if (random_.one_in(4)) {
      config.retention = {store::Retention::Kind::kDuration, std::chrono::milliseconds(kRetentionDays * kMsADay)};
    }
    config.opened_at = base_;
    names_.push_back(config.name);
    topics_.push_back(need(store_->create_topic(config)));
    partitions_.emplace_back(1 + random_.below(4));
    for (size_t p = 0; p < partitions_[t].size(); ++p) {
      Partition& partition = partitions_[t][p];
      partition.next = partition.low = random_.one_in(2) ? 0 : static_cast<int64_t>(random_.below(100));
      need(topic(t).start_partition({static_cast<int32_t>(p)}, {partition.next}));
    }
  }
}

Timestamp World::random_time() {
  switch (random_.below(12)) {
    case 0: return {-1};
    case 1: return {base_.ms + 400 * 365 * kMsADay};
    case 2: return {base_.ms - 2 * kRetentionDays * kMsADay};
    case 3: return random_.one_in(5) ? (random_.one_in(2) ? kMinTimestamp : kMaxTimestamp) : Timestamp{0};
    case 4:
    case 5: return {base_.ms + static_cast<int64_t>(random_.below(5))};
    default: return {base_.ms + static_cast<int64_t>(messages_.size() * 3 + random_.below(20))};
  }
}

void World::append(uint32_t t, int32_t p) {
  Partition& partition = partitions_[t][static_cast<size_t>(p)];
  const Offset from{partition.next};
  for (size_t left = 1 + random_.below(20); left > 0; --left) {
    OracleMessage message;
    message.topic = t;
    message.partition = {p};
    partition.next += random_.one_in(6) ? static_cast<int64_t>(random_.below(5)) : 0;
    message.offset = {partition.next++};
    message.create_time = random_time();
    message.ingest_time = random_time();
    RandomText::Text key = random_.text();
    RandomText::Text value = random_.text();
    message.key = std::move(key.bytes);
    message.key_tokens = std::move(key.tokens);
    message.value = std::move(value.bytes);
    message.value_tokens = std::move(value.tokens);
    if (message.value) message.json = parse_json_tree(*message.value);
    if (message.json && message.json->type < JsonTree::Type::kArray) {
      message.json.reset();
    }
    add_headers(message);
    messages_.push_back(std::move(message));
  }
  store_again(t, p, from);
}

void World::add_headers(OracleMessage& message) {
  for (size_t left = random_.one_in(3) ? 1 + random_.below(3) : 0; left > 0; --left) {
    OracleHeader header{random_.pick(kHeaderNames), random_.text().bytes};
    append_header(message.encoded_headers, header.name, header.value);
    message.headers.push_back(std::move(header));
  }
}

void World::store_again(uint32_t t, int32_t p, Offset from) {
  std::vector<MessageView> views;
  for (const OracleMessage& message : messages_) {
    if (message.topic != t || message.partition.value != p || message.offset < from || message.compacted) continue;
    views.push_back(view_of(message));
  }
  const store::AppendOutcome outcome = topic(t).append({p}, views);
  if (outcome.appended != views.size()) throw std::runtime_error("not every message was appended");
}

void World::move_watermarks(uint32_t t, int32_t p) {
  Partition& partition = partitions_[t][static_cast<size_t>(p)];
  if (random_.one_in(3) && partition.low < partition.next) {
    partition.low += static_cast<int64_t>(random_.below(static_cast<uint64_t>(partition.next - partition.low) / 3 + 1));
  }
  std::optional<Offset> end = Offset{partition.next};
  if (random_.one_in(8)) end = std::nullopt;
  if (random_.one_in(8)) end = Offset{partition.next + static_cast<int64_t>(random_.below(20))};
  topic(t).set_watermarks({p}, {partition.low}, end);
}

void World::reopen() {
  topics_.clear();
  store_.reset();
  store_ = need(store::Store::open(dir_, store::OpenMode::kOwner, options_));
  for (uint32_t t = 0; t < names_.size(); ++t) {
    topics_.push_back(store_->topic(names_[t]));
    if (topics_.back() == nullptr) throw std::runtime_error("a topic is gone");
    for (int32_t p = 0; p < static_cast<int32_t>(partitions_[t].size()); ++p) {
      const auto next = topic(t).next_offset({p});
      if (!next) throw std::runtime_error("a partition is gone");
      store_again(t, p, *next);
      move_watermarks(t, p);
    }
  }
}

/// As a reindex from Kafka does: the same messages in other blocks.
void World::read_again(uint32_t t) {
  if (topic(t).config().time_kind == TimeKind::kIngest) return;  // cursors end with it
  const store::TopicView before = topic(t).view();
  topics_[t] = need(store_->create_generation(before.config));
  for (const store::PartitionView& partition : before.partitions) {
    const int32_t p = partition.partition.value;
    need(topic(t).start_partition({p}, partition.low));
    store_again(t, p, partition.low);
    topic(t).advance({p}, partition.indexed_to);
    topic(t).set_watermarks({p}, {partitions_[t][static_cast<size_t>(p)].low}, partition.end);
    if (random_.one_in(2)) topic(t).freeze({p});
    if (random_.one_in(2)) need(topic(t).seal_next());
  }
  need(store_->adopt_generation(names_[t]));
}

void World::rebuild(uint32_t t) {
  need(topic(t).begin_rebuild());
  for (size_t left = random_.below(8); left > 0; --left) {
    if (need(topic(t).rebuild_next()).state != store::RebuildStep::State::kReady) continue;
    need(topic(t).finish_rebuild());
    return;
  }
  if (random_.one_in(8)) need(topic(t).cancel_rebuild());
}

/// Kafka's cleaner takes some messages; mostly empty blocks are written anew.
void World::compact(uint32_t t, int32_t p) {
  const uint64_t keep_one_in = 2 + random_.below(5);
  const int64_t end = partitions_[t][static_cast<size_t>(p)].next;
  const Offset first{static_cast<int64_t>(random_.below(static_cast<uint64_t>(end) + 1))};
  std::vector<Offset> existing;
  for (OracleMessage& message : messages_) {
    if (message.topic != t || message.partition.value != p || message.offset < first || message.compacted) continue;
    message.compacted = !random_.one_in(keep_one_in);
    compacted_ += message.compacted ? 1 : 0;
    if (!message.compacted) existing.push_back(message.offset);
  }
  need(topic(t).remove_compacted({p}, first, {end}, existing));
}

void World::work() {
  const auto t = static_cast<uint32_t>(random_.below(topics_.size()));
  const auto p = static_cast<int32_t>(random_.below(partitions_[t].size()));
  switch (random_.below(20)) {
    case 0: move_watermarks(t, p); break;
    case 1: topic(t).freeze({p}); break;
    case 2: topic(t).freeze_all(); break;
    case 3:
    case 4:
    case 5: need(topic(t).seal_next()); break;
    case 6:
      topic(t).freeze_all();
      while (need(topic(t).seal_next())) continue;
      break;
    case 7: need(topic(t).index_next(false)); break;
    case 8: need(topic(t).index_next(true)); break;
    case 9: need(topic(t).merge_next()); break;
    case 10:
      if (random_.one_in(4)) need(topic(t).expire(topic(t).retention_time()));
      break;
    case 11: {
      Partition& partition = partitions_[t][static_cast<size_t>(p)];
      if (random_.one_in(3)) topic(t).advance({p}, {partition.next += 2});
      break;
    }
    case 12:
      if (random_.one_in(20)) reopen();
      if (random_.one_in(8)) read_again(t);
      break;
    case 13:
      if (random_.one_in(2)) rebuild(t);
      break;
    case 14:
      if (random_.one_in(4)) compact(t, p);
      break;
    case 15: need(topic(t).rewrite_next()); break;
    case 16:
      while (need(topic(t).rewrite_next())) continue;
      break;
    default:
      if (messages_.size() - compacted_ < 600) append(t, p);
  }
}

std::vector<OracleTopic> World::oracle_topics() const {
  std::vector<OracleTopic> topics;
  for (const auto& store : topics_) {
    const store::TopicView view = store->view();
    OracleTopic topic{true, view.config.time_kind, view.time_floor, {}};
    for (const store::PartitionView& partition : view.partitions) topic.lows.push_back(partition.low);
    topics.push_back(std::move(topic));
  }
  return topics;
}

}  // namespace kseek::query
