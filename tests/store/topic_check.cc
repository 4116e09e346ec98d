#include "tests/store/topic_check.h"

#include <algorithm>
#include <stdexcept>

namespace kseek::store {

std::string digest(const MessageView& message) {
  const auto part = [](const std::optional<std::string_view>& text) {
    return text ? fmt::format("[{}]", *text) : std::string("null");
  };
  return fmt::format("{} {} {} {} {} {} {} {}", message.partition.value, message.offset.value, message.create_time.ms,
                     message.ingest_time.ms, static_cast<int>(message.timestamp_type), part(message.key),
                     part(message.value), part(message.headers.encoded()));
}

namespace {

template <class Keep>
std::map<Place, std::string> read_if(const TopicStore& topic, const TopicView& view, const Keep& keep,
                                     bool is_newest = true) {
  std::map<Place, std::string> found;
  const auto take = [&](const MessageBlock& block, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const StoredMessage message = block.message(i);
      if (!keep(message)) continue;
      const bool first_time = found.emplace(Place(message.partition, message.offset), digest(message)).second;
      EXPECT_TRUE(first_time) << "twice: partition " << message.partition.value << " offset " << message.offset.value;
    }
  };
  view.blocks->for_each([&](const BlockMeta& meta) {
    const auto block = topic.read_block(meta);
    ASSERT_TRUE(block.has_value()) << describe(block.error());
    if (!*block) return;
    if (is_newest) {
      EXPECT_EQ((*block)->size(), meta.messages);
      EXPECT_EQ((*block)->message(0).offset, meta.first);
      EXPECT_EQ((*block)->message((*block)->size() - 1).offset, meta.last);
    }
    take(**block, (*block)->size());
  });
  for (const MemoryBlock& memory : view.memory) {
    EXPECT_GE(memory.block->size(), memory.messages);
    take(*memory.block, memory.messages);
  }
  return found;
}

}  // namespace

std::map<Place, std::string> read_all(const TopicStore& topic, const TopicView& view) {
  return read_if(topic, view, [](const StoredMessage&) { return true; });
}

std::map<Place, std::string> read_old(const TopicStore& topic, const TopicView& view) {
  return read_if(
      topic, view, [](const StoredMessage&) { return true; }, false);
}

std::map<Place, std::string> read_findable(const TopicStore& topic, const TopicView& view) {
  std::map<PartitionId, Offset> lows;
  for (const PartitionView& partition : view.partitions) lows[partition.partition] = partition.low;
  return read_if(topic, view, [&](const StoredMessage& message) {
    return message.offset >= lows.at(message.partition) && message.time(view.config.time_kind) >= view.time_floor;
  });
}

namespace {

void check_terms(const TopicStore& topic, const TopicView& view, const Segment& segment, uint32_t position) {
  const BlockMeta* const meta = view.blocks->find(segment.meta().blocks[position]);
  if (meta == nullptr) return;
  const auto block = topic.read_block(*meta);
  ASSERT_TRUE(block.has_value());
  if (!*block) return;
  auto reader = segment.borrow();
  ASSERT_TRUE(reader.has_value()) << describe(reader.error());
  TermCollector collector;
  for (size_t i = 0, slice = 0; i < (*block)->size(); ++i) {
    while (i >= (*block)->slice_begin(slice + 1)) ++slice;
    collector.set_slices(static_cast<SliceMask>(1U << slice));
    const StoredMessage message = (*block)->message(i);
    if (message.key) collector.add(Field::kKey, *message.key, message.key_traits);
    if (message.value) collector.add(Field::kValue, *message.value, message.value_traits);
  }
  const auto terms = collector.take();
  for (const std::string_view term : terms->sorted()) {
    std::vector<Posting> postings;
    ASSERT_TRUE((*reader)->postings(term, postings).has_value());
    const auto found = std::find_if(postings.begin(), postings.end(),
                                    [&](const Posting& posting) { return posting.position == position; });
    ASSERT_NE(found, postings.end()) << term;
    EXPECT_EQ(found->slices & slices_of(term), slices_of(term)) << term;
  }
}

}  // namespace

void check_index(const TopicStore& topic, const TopicView& view, size_t sample) {
  std::map<BlockId, int> places;
  uint64_t previous = 0;
  size_t turn = 0;
  for (const auto& segment : view.index->segments) {
    const auto& blocks = segment->meta().blocks;
    EXPECT_TRUE(std::is_sorted(blocks.begin(), blocks.end()));
    EXPECT_LT(previous, blocks.front().value) << "segments overlap";
    previous = blocks.back().value;
    for (uint32_t position = 0; position < blocks.size(); ++position) {
      ++places[blocks[position]];
      if (sample > 0 && turn++ % sample == 0) check_terms(topic, view, *segment, position);
    }
  }
  for (const auto& pending : view.index->pending) {
    EXPECT_NE(pending.terms, nullptr);
    ++places[pending.block];
  }
  for (const BlockId block : view.index->unindexed) ++places[block];
  view.blocks->for_each([&](const BlockMeta& meta) {
    EXPECT_EQ(places[meta.id], 1) << "block " << meta.id.value << " is in so many places of the index";
    EXPECT_EQ(view.blocks->find(meta.id), &meta);
  });
}

std::set<std::string> segments_on_disk(const std::filesystem::path& dir) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "segments")) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

std::set<std::string> segments_named(const Store& store) {
  std::set<std::string> names;
  auto topics = store.topics();
  for (auto& generation : store.generations()) topics.push_back(std::move(generation));
  for (const auto& topic : topics) {
    for (const auto& segment : topic->view().index->segments) names.insert(segment->path().filename().string());
    const auto rebuild = topic->rebuild();
    if (rebuild) names.insert(rebuild->segments.begin(), rebuild->segments.end());
  }
  return names;
}

OwnedMessage plain_message(int32_t partition, int64_t offset, std::string value, int64_t time_ms) {
  OwnedMessage message;
  message.view.partition = {partition};
  message.view.offset = {offset};
  message.view.create_time = message.view.ingest_time = {time_ms};
  message.view.timestamp_type = TimestampType::kCreateTime;
  message.key = fmt::format("k{}", offset);
  message.value = std::move(value);
  return message;
}

AppendOutcome append_one(TopicStore& topic, const OwnedMessage& message) {
  const MessageView view = message.get();
  return topic.append(view.partition, {&view, 1});
}

void append_range(TopicStore& topic, int32_t partition, int64_t first, int64_t last, int64_t time_ms) {
  for (int64_t offset = first; offset < last; ++offset) {
    append_one(topic, plain_message(partition, offset, fmt::format("value {} of {}", offset, partition), time_ms));
  }
}

TopicConfig config_of(std::string name) {
  TopicConfig config;
  config.name = std::move(name);
  config.opened_at = {1'763'600'000'000};
  return config;
}

StoreOptions small_blocks(size_t messages) {
  StoreOptions options;
  options.blocks.max_messages = messages;
  options.blocks.max_bytes = 1'000'000;
  options.blocks.blocks_per_segment = 3;
  options.blocks.merge_width = 3;
  return options;
}

std::unique_ptr<Store> open_store(const std::filesystem::path& dir, const StoreOptions& options, OpenMode mode) {
  auto store = Store::open(dir, mode, options);
  if (!store) {
    ADD_FAILURE() << describe(store.error());
    throw std::runtime_error(describe(store.error()));
  }
  return *std::move(store);
}

std::shared_ptr<TopicStore> create_topic(Store& store, const TopicConfig& config) {
  auto topic = store.create_topic(config);
  if (!topic) {
    ADD_FAILURE() << describe(topic.error());
    throw std::runtime_error(describe(topic.error()));
  }
  return *std::move(topic);
}

void StoreTest::reopen() {
  topic_.reset();
  store_.reset();
  store_ = open_store(dir_.path());
  topic_ = store_->topic("orders");
  ASSERT_NE(topic_, nullptr);
}

OrdersTest::OrdersTest() {
  topic_ = create_topic(*store_, config_of("orders"));
  EXPECT_TRUE(topic_->start_partition({0}, {0}).has_value());
}

}  // namespace kseek::store
