// TopicStoreImpl: opening, configuration, closing; what its other files (topic_*.cc) share.
#include "store/topic_store_impl.h"

#include <fmt/format.h>

#include "base/fault_point.h"

namespace kseek::store {

TopicStoreImpl::TopicStoreImpl(StoreShared shared, TopicNumber number, TopicConfig config,
                               std::unique_ptr<BlockFamily> blocks, std::vector<TopicEvent> events)
    : shared_(std::move(shared)),
      number_(number),
      name_(config.name),
      block_family_(std::move(blocks)),
      require_(config.require),
      config_(std::move(config)),
      events_(std::move(events)),
      blocks_(std::make_shared<const BlockList>()),
      index_(std::make_shared<const IndexSnapshot>()) {}

TopicStoreImpl::~TopicStoreImpl() = default;

std::string TopicStoreImpl::segment_name(TopicNumber topic, SegmentId segment) {
  return fmt::format("t{}-s{}", topic.value, segment.value);
}

std::filesystem::path TopicStoreImpl::segment_path(SegmentId id) const {
  return shared_.segments_dir / segment_name(number_, id);
}

Result<void> TopicStoreImpl::check_writable() const {
  if (shared_.database->read_only()) {
    return Error{ErrorCode::kConflict, fmt::format("topic {} is open for reading only", name_),
                 "ask the kseek that owns the directory (--server)"};
  }
  if (dropped_) return Error{ErrorCode::kNotFound, fmt::format("topic {} was closed", name_), ""};
  return {};
}

TopicConfig TopicStoreImpl::config() const {
  std::shared_lock lock(mu_);
  return config_;
}

Result<void> TopicStoreImpl::update_config(const TopicConfig& config) {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  const TopicConfig old = this->config();
  if (config.name != old.name || config.source != old.source || config.time_kind != old.time_kind ||
      config.require != old.require) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("name, source, time and what is required of topic {} are fixed", name_),
                 "close the topic and open it again"};
  }
  rocksdb::WriteBatch batch;
  batch.Put(topic_key(number_, RecordKind::kConfig), encode_config(config));
  KSEEK_TRY(fault_point("config.before_commit"));
  KSEEK_TRY(shared_.database->write(batch, true));
  crash_point("config.committed");
  std::unique_lock lock(mu_);
  config_ = config;
  return {};
}

std::vector<TopicEvent> TopicStoreImpl::events() const {
  std::shared_lock lock(mu_);
  return events_;
}

Result<void> TopicStoreImpl::add_event(const TopicEvent& event) {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  std::vector<TopicEvent> events = this->events();
  events.push_back(event);
  if (events.size() > kKeptEvents) events.erase(events.begin());
  rocksdb::WriteBatch batch;
  batch.Put(topic_key(number_, RecordKind::kEvents), encode_events(events));
  KSEEK_TRY(shared_.database->write(batch, true));
  std::unique_lock lock(mu_);
  events_ = std::move(events);
  return {};
}

void TopicStoreImpl::inherit_events(std::vector<TopicEvent> events, rocksdb::WriteBatch& batch) {
  std::unique_lock lock(mu_);
  events.insert(events.end(), events_.begin(), events_.end());
  if (events.size() > kKeptEvents) events.erase(events.begin(), events.end() - kKeptEvents);
  events_ = std::move(events);
  batch.Put(topic_key(number_, RecordKind::kEvents), encode_events(events_));
}

Timestamp TopicStoreImpl::latest_time() const {
  std::shared_lock lock(mu_);
  Timestamp newest = expired_by_;
  for (const auto& [id, partition] : partitions_) newest = std::max(newest, partition->last_ingest);
  return newest;
}

void TopicStoreImpl::put_records(rocksdb::WriteBatch& batch) const {
  batch.Put(topic_key(number_, RecordKind::kConfig), encode_config(config()));
  batch.Put(topic_key(number_, RecordKind::kEvents), encode_events(events()));
}

Result<void> TopicStoreImpl::start_partition(PartitionId id, Offset start) {
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  {
    std::shared_lock lock(mu_);
    if (partitions_.contains(id)) return {};
  }
  auto partition = std::make_unique<Partition>(id);
  partition->saved.start = partition->saved.next = partition->saved.low = start;
  partition->next = partition->low = partition->first_kept = start;
  rocksdb::WriteBatch batch;
  batch.Put(partition_key(number_, id), encode_partition(partition->saved));
  KSEEK_TRY(fault_point("partition.before_commit"));
  KSEEK_TRY(shared_.database->write(batch, true));
  crash_point("partition.committed");
  std::unique_lock lock(mu_);
  partitions_.emplace(id, std::move(partition));
  return {};
}

Result<void> TopicStoreImpl::drop(rocksdb::WriteBatch also) {
  std::lock_guard one_at_a_time(reclaim_mu_);
  std::lock_guard commit(commit_mu_);
  KSEEK_TRY(check_writable());
  also.DeleteRange(topic_prefix(number_), topic_prefix({number_.value + 1}));
  KSEEK_TRY(fault_point("drop.before_commit"));
  KSEEK_TRY(shared_.database->write(also, true));
  crash_point("drop.committed");
  dropped_ = true;
  std::vector<std::shared_ptr<const Segment>> segments;
  {
    std::shared_lock lock(mu_);
    segments = index_->segments;
    if (rebuild_) segments.insert(segments.end(), rebuild_->segments.begin(), rebuild_->segments.end());
  }
  for (const auto& segment : segments) segment->make_obsolete();
  shared_.cache->erase_topic(number_.value);
  ignore_error(block_family_->drop(), "without a record it is dropped at the next start");
  return {};
}

}  // namespace kseek::store
