// A directory that this process owns, and the indexer that fills it.
#include "embed/convert.h"
#include "embed/directory_impl.h"
#include "indexer/indexer.h"
#include "indexer/starting.h"

namespace kseek::v1 {
namespace {

using kseek::embed::to_api;

struct OwnerImpl final : Directory::Impl {
  OwnerImpl(std::shared_ptr<store::Store> opened, std::unique_ptr<indexer::Indexer> its_indexer)
      : Directory::Impl(std::move(opened)), indexer(std::move(its_indexer)) {}
  ~OwnerImpl() override {
    indexer.reset();  // it works on the store
  }
  OwnerImpl(const OwnerImpl&) = delete;
  OwnerImpl& operator=(const OwnerImpl&) = delete;

  [[nodiscard]] std::vector<std::string> reasons(const std::vector<std::string>& topics) const override {
    return indexer::starting_reasons(*indexer, topics);
  }
  std::unique_ptr<indexer::Indexer> indexer;
};

indexer::Indexer& indexer_of(Directory::Impl& impl) { return *static_cast<OwnerImpl&>(impl).indexer; }

indexer::IndexerOptions indexing(const OwnerOptions& options) {
  indexer::IndexerOptions indexing;
  indexing.brokers = options.brokers;
  indexing.kafka = options.kafka;
  indexing.memory_limit_bytes = options.memory_limit_bytes;
  indexing.seal_after = options.seal_after;
  indexing.workers = options.workers;
  indexing.max_topics = options.max_topics;
  return indexing;
}

}  // namespace

Result<Owner> Owner::open(const std::string& directory, const OwnerOptions& options) {
  store::StoreOptions storing;
  storing.block_cache_bytes = options.block_cache_bytes;
  auto opened = store::Store::open(directory, store::OpenMode::kOwner, storing);
  if (!opened) return to_api(opened.error());
  std::shared_ptr<store::Store> store = *std::move(opened);
  auto started = indexer::Indexer::start(*store, indexing(options));
  if (!started) return to_api(started.error());
  return Owner(std::make_unique<OwnerImpl>(std::move(store), *std::move(started)));
}

Result<void> Owner::open_topic(const OpenRequest& request) {
  const auto retention = store::parse_retention(request.retention);
  if (!retention) return to_api(retention.error());
  indexer::OpenRequest asked;
  asked.topic = request.topic;
  asked.from = request.from;
  asked.time_kind = embed::from_api(request.time);
  asked.retention = *retention;
  asked.labels = request.labels;
  return to_api(indexer_of(*impl_).open_topic(asked));
}

Result<void> Owner::close_topic(std::string_view topic) { return to_api(indexer_of(*impl_).close_topic(topic)); }
Result<void> Owner::pause_topic(std::string_view topic) { return to_api(indexer_of(*impl_).pause_topic(topic)); }
Result<void> Owner::resume_topic(std::string_view topic) { return to_api(indexer_of(*impl_).resume_topic(topic)); }

Result<TopicStatus> Owner::status(std::string_view topic) const {
  const auto status = indexer_of(*impl_).status(topic);
  if (!status) return to_api(status.error());
  return to_api(*status);
}

std::vector<TopicStatus> Owner::statuses() const {
  std::vector<TopicStatus> copied;
  for (const indexer::TopicStatus& status : indexer_of(*impl_).statuses()) copied.push_back(to_api(status));
  return copied;
}

Result<void> Owner::wait_caught_up(std::string_view topic, std::chrono::milliseconds timeout) {
  return to_api(indexer_of(*impl_).wait_caught_up(topic, timeout));
}

Result<void> Owner::flush(std::string_view topic) {
  const auto opened = impl_->store()->topic(topic);
  if (opened == nullptr) {
    return to_api(kseek::Error{kseek::ErrorCode::kNotFound, "topic \"" + std::string(topic) + "\" is not opened",
                               "open it first: Owner::open_topic"});
  }
  return to_api(opened->flush());
}

const char* version() noexcept { return KSEEK_VERSION; }

}  // namespace kseek::v1
