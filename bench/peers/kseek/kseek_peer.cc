// kseek in the peers' protocol (bench/peers/peer.h), and from a broker:
//
//   index    the file's messages are appended to a topic's store by one thread, `threads` workers seal, index, merge
//   tail     kseek_peer tail BROKER TOPIC DIR --messages N: takes a topic in as `kseek serve` does, until all is
//   durable;
//            prints {"findable_s", "wall_s"}
//
// Questions are asked as the HTTP server asks them, one thread; "key" as key:…, the others as value:….
#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/bytes.h"
#include "base/time.h"
#include "bench/compare/message_file.h"
#include "bench/measure.h"
#include "bench/peers/peer.h"
#include "indexer/indexer.h"
#include "indexer/workers.h"
#include "query/request.h"
#include "store/store.h"

namespace kseek::bench {
namespace {

namespace fs = std::filesystem;
constexpr const char* kTopic = "bench";
constexpr size_t kBatchMessages = 1'000;
constexpr uint64_t kMemoryLimitBytes = 512_MiB;  // kseek serve's default
constexpr std::chrono::hours kPatience{6};

template <class T>
T need(Result<T> result) {
  if (!result) fail(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

query::Condition condition(const Question& question) {
  using Form = Question::Form;
  const auto value = [](const std::string& text) {
    return need(query::parse_text_condition(query::Scope::kValue, text));
  };
  switch (question.form) {
    case Form::kKey: return need(query::parse_text_condition(query::Scope::kKey, question.text));
    case Form::kPrefix: return value(question.text + "*");
    case Form::kInfix: return value("*" + question.text + "*");
    case Form::kAnd: {
      std::vector<query::Condition> all;
      for (const std::string& word : split(question.text, ' ')) all.push_back(value(word));
      return query::Condition::all_of(std::move(all));
    }
    default: return value(question.text);
  }
}

/// Copies of messages, in runs of one partition.
class Batch {
 public:
  Batch() { bytes_.reserve(kBatchBytes); }
  [[nodiscard]] bool has_room(const MessageView& message) const {
    return messages_.size() < kBatchMessages && bytes_.size() + message.raw_bytes() <= kBatchBytes;
  }
  void add(MessageView message) {
    if (message.key) message.key = copy(*message.key);
    if (message.value) message.value = copy(*message.value);
    messages_.push_back(message);
  }
  /// How many blocks became full.
  size_t append_to(store::TopicStore& topic) {
    std::stable_sort(messages_.begin(), messages_.end(),
                     [](const auto& a, const auto& b) { return a.partition < b.partition; });
    size_t frozen = 0;
    for (size_t begin = 0; begin < messages_.size();) {
      const PartitionId partition = messages_[begin].partition;
      size_t end = begin;
      while (end < messages_.size() && messages_[end].partition == partition) ++end;
      if (!topic.next_offset(partition)) need(topic.start_partition(partition, messages_[begin].offset));
      frozen += topic.append(partition, {messages_.data() + begin, end - begin}).frozen;
      begin = end;
    }
    messages_.clear();
    bytes_.clear();
    return frozen;
  }

 private:
  static constexpr size_t kBatchBytes = 2 * kMaxMessageBytes;
  std::string_view copy(std::string_view text) {
    const size_t at = bytes_.size();
    bytes_.append(text);
    return {bytes_.data() + at, text.size()};
  }
  std::string bytes_;  // never larger than reserved
  std::vector<MessageView> messages_;
};

class KseekPeer final : public Peer {
 public:
  void index(const fs::path& data, const fs::path& dir, unsigned threads) override {
    auto store = need(store::Store::open(dir, store::OpenMode::kOwner, {}));
    store::TopicConfig config;
    config.name = kTopic;
    config.source = store::Source::kImport;
    config.retention.kind = store::Retention::Kind::kForever;
    config.opened_at = now();
    const auto topic = need(store->create_topic(config));
    publish(store.get());
    load(data, topic, threads);
    publish(nullptr);
  }

  void open(const fs::path& dir) override {
    store_ = need(store::Store::open(dir, store::OpenMode::kReadOnly, {}));
    searched_ = store_.get();
  }
  void close() override {
    searched_ = nullptr;
    store_.reset();
  }
  [[nodiscard]] std::optional<std::string> cannot(const Question& /*question*/) const override { return std::nullopt; }
  [[nodiscard]] bool searches_while_indexing() const override { return true; }

  [[nodiscard]] std::vector<Position> search(const Question& question) override {
    const std::lock_guard lock(mu_);  // the store stays while it is searched; nobody waits but for its end
    if (searched_ == nullptr) return {};
    query::SearchRequest request;
    request.topics = {kTopic};
    request.where = condition(question);
    request.deadline = std::chrono::minutes(10);
    if (question.times) request.times = {Timestamp{question.times->first}, Timestamp{question.times->second}};
    const query::SearchAnswer answer = need(query::search(*searched_, request));
    std::vector<Position> hits;
    for (const query::Hit& hit : answer.hits) hits.push_back({hit.message().partition, hit.message().offset});
    return hits;
  }

 private:
  void publish(const store::Store* store) {
    const std::lock_guard lock(mu_);
    searched_ = store;
  }

  static void load(const fs::path& data, const std::shared_ptr<store::TopicStore>& topic, unsigned threads) {
    indexer::Workers workers(threads);
    workers.add(topic);
    Batch batch;
    const auto hand_over = [&] {
      if (const size_t frozen = batch.append_to(*topic); frozen > 0) workers.notify_frozen(*topic, frozen);
      while (!workers.relieve(kMemoryLimitBytes)) {
        if (const std::string trouble = workers.trouble(*topic).text; !trouble.empty()) fail(trouble);
      }
    };
    MessageFileReader reader(data);
    while (const auto message = reader.next()) {
      if (!batch.has_room(*message)) hand_over();
      batch.add(*message);
    }
    hand_over();
    need(topic->flush());
    workers.stop();
    while (need(topic->merge_next())) {
    }
  }

  std::unique_ptr<store::Store> store_;
  std::mutex mu_;
  const store::Store* searched_ = nullptr;  // guarded by mu_
};

void tail(const std::string& broker, const std::string& topic, const fs::path& dir, uint64_t messages) {
  auto store = need(store::Store::open(dir, store::OpenMode::kOwner, {}));
  indexer::IndexerOptions options;
  options.brokers = broker;
  const Stopwatch watch;
  auto indexer = need(indexer::Indexer::start(*store, options));
  indexer::OpenRequest request;
  request.topic = topic;
  need(indexer->open_topic(request));
  need(indexer->wait_caught_up(topic, kPatience));
  const double findable_s = watch.wall_s();
  need(store->topic(topic)->flush());
  const double wall_s = watch.wall_s();
  const uint64_t taken = store->topic(topic)->stats().messages;
  if (taken != messages) fail(fmt::format("{} of {} messages were taken in", taken, messages));
  fmt::print("{{\"findable_s\": {:.3f}, \"wall_s\": {:.3f}}}\n", findable_s, wall_s);
  std::fflush(stdout);
  indexer->stop();
}

}  // namespace
}  // namespace kseek::bench

int main(int argc, char** argv) {
  using namespace kseek::bench;  // NOLINT(google-build-using-namespace): only in main
  if (argc == 7 && std::string_view(argv[1]) == "tail" && std::string_view(argv[5]) == "--messages") {
    tail(argv[2], argv[3], argv[4], std::strtoull(argv[6], nullptr, 10));
    return 0;
  }
  KseekPeer peer;
  return run_peer(peer, argc, argv);
}
