// How fast messages become durable and searchable, what that costs in CPU and memory, and what stays on disk.
// On the synthetic messages of data_generator.h (JSON events, JSON logs, access logs, Chinese comments; 331 bytes on
// average). Each case runs in a process of its own, in a fresh directory, and counts the CPU time of all its threads:
//
//   store, 1 thread     append ▶ seal ▶ index ▶ merge until nothing is left to do, through TopicStore; no Kafka
//   store, 2 threads    the same, each thread with partitions of its own, sharing the background work
//   from a broker       a topic of many partitions in a broker in another process (it keeps 5 MiB a partition); a fresh
//                       Indexer takes it all in; then flush: until all is sealed, indexed and synced
//   freshness           one message at a time is produced to a tailed topic and searched for until it is found
//
// Usage: index_bench [--messages N] [--partitions N] [--dir DIR] [--json FILE] [--only store|broker|freshness]
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/time.h"
#include "bench/data_generator.h"
#include "bench/measure.h"
#include "indexer/indexer.h"
#include "indexer/producer.h"
#include "indexer/test_broker.h"
#include "query/request.h"
#include "store/store.h"

namespace kseek::bench {
namespace {

struct Settings {
  uint64_t messages = 1'000'000;
  int broker_partitions = 128;
  std::filesystem::path dir = std::filesystem::temp_directory_path() / "kseek_index_bench";
  std::string json;
  std::string only;
};

constexpr int kPartitionsAThread = 2;
constexpr size_t kBatch = 1'000;
constexpr int kMessagesAPartition = 10'000;  // about 3.3 MB of the 5 MiB that the broker keeps
constexpr int kFreshMessages = 200;
constexpr uint64_t kNeedles = 64;  // a thread
constexpr const char* kTopic = "bench";
constexpr std::chrono::minutes kPatience{10};

template <class T>
T must(Result<T> result) {
  if (!result) fail(describe(result.error()));
  return *std::move(result);
}
void must(const Result<void>& result) {
  if (!result) fail(describe(result.error()));
}

/// Messages copied out of a generator, grouped by partition, as a consumer hands them over.
class Batch {
 public:
  explicit Batch(int partitions) : by_partition_(static_cast<size_t>(partitions)) { bytes_.reserve(kBatch * 4'096); }

  void fill(MessageGenerator& generator, uint64_t count) {
    bytes_.clear();
    for (auto& messages : by_partition_) messages.clear();
    for (uint64_t i = 0; i < count; ++i) {
      MessageView message = generator.next();
      raw_bytes_ += message.raw_bytes();
      if (message.key) message.key = copy(*message.key);
      message.value = copy(*message.value);
      message.headers = HeaderList(copy(message.headers.encoded()));
      by_partition_[static_cast<size_t>(message.partition.value)].push_back(message);
    }
  }
  /// Appends all, to partitions from `first` on; true if a block became full.
  bool append_to(store::TopicStore& topic, int first) {
    bool full = false;
    for (size_t i = 0; i < by_partition_.size(); ++i) {
      const PartitionId partition{first + static_cast<int>(i)};
      for (MessageView& message : by_partition_[i]) message.partition = partition;
      full = topic.append(partition, by_partition_[i]).frozen > 0 || full;
    }
    return full;
  }
  [[nodiscard]] uint64_t raw_bytes() const { return raw_bytes_; }  ///< of all batches so far

 private:
  // The arena is never larger than reserved: generated messages are shorter than 4 KiB.
  std::string_view copy(std::string_view text) {
    const size_t at = bytes_.size();
    bytes_.append(text);
    return {bytes_.data() + at, text.size()};
  }
  std::string bytes_;
  std::vector<std::vector<MessageView>> by_partition_;
  uint64_t raw_bytes_ = 0;
};

void work_until_quiet(store::TopicStore& topic) {
  for (bool busy = true; busy;) {
    busy = must(topic.seal_next());
    busy = must(topic.index_next(false)) || busy;
    busy = must(topic.merge_next()) || busy;
  }
}

std::string needle(int thread, uint64_t k) { return fmt::format("needle{}x{}", thread, k); }

/// Plants a word that nothing else has in every so many messages of a thread's share.
void plant_needles(MessageGenerator& generator, int thread, uint64_t messages) {
  for (uint64_t k = 0; k < kNeedles; ++k) generator.plant(k * messages / kNeedles, needle(thread, k));
}

/// A fast index that misses something is worth nothing: ends the program unless each needle is found, and nothing else.
void check_needles(const store::Store& store, int threads) {
  for (int thread = 0; thread < threads; ++thread) {
    for (uint64_t k = 0; k < kNeedles; ++k) {
      query::SearchRequest request;
      request.topics = {kTopic};
      request.where = must(query::parse_text_condition(query::Scope::kValue, needle(thread, k)));
      const query::SearchAnswer answer = must(query::search(store, request));
      if (answer.hits.size() != 1 || !answer.complete) fail("a search does not find " + needle(thread, k));
    }
  }
}

/// One thread's share: its own partitions; returns raw bytes.
uint64_t index_share(store::TopicStore& topic, int thread, uint64_t messages) {
  const int first = thread * kPartitionsAThread;
  for (int i = 0; i < kPartitionsAThread; ++i) must(topic.start_partition(PartitionId{first + i}, kMinOffset));
  MessageGenerator generator(static_cast<uint64_t>(thread) + 1, kPartitionsAThread);
  plant_needles(generator, thread, messages);
  Batch batch(kPartitionsAThread);
  for (uint64_t done = 0; done < messages; done += kBatch) {
    batch.fill(generator, std::min<uint64_t>(kBatch, messages - done));
    if (batch.append_to(topic, first)) work_until_quiet(topic);
  }
  return batch.raw_bytes();
}

void add_disk_figures(Figures& figures, const std::filesystem::path& dir, double raw_bytes) {
  const auto db = static_cast<double>(disk_bytes(dir / "db"));
  const auto segments = static_cast<double>(disk_bytes(dir / "segments"));
  figures.emplace_back("db_disk_bytes", db);
  figures.emplace_back("segments_disk_bytes", segments);
  figures.emplace_back("disk_over_raw", (db + segments) / raw_bytes);
}

Figures index_store(const Settings& settings, int threads) {
  std::filesystem::remove_all(settings.dir);
  auto store = must(store::Store::open(settings.dir, store::OpenMode::kOwner, {}));
  store::TopicConfig config;
  config.name = kTopic;
  config.source = store::Source::kImport;
  config.opened_at = now();
  auto topic = must(store->create_topic(config));
  const Stopwatch watch;
  std::vector<uint64_t> raw_bytes(static_cast<size_t>(threads));
  const auto share = [&](int thread) {
    raw_bytes[static_cast<size_t>(thread)] =
        index_share(*topic, thread, settings.messages / static_cast<uint64_t>(threads));
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(share, thread);
  share(0);
  for (std::thread& other : others) other.join();
  must(topic->flush());
  work_until_quiet(*topic);
  const double wall_s = watch.wall_s();
  const double cpu_s = watch.cpu_s();

  double raw = 0;
  for (const uint64_t bytes : raw_bytes) raw += static_cast<double>(bytes);
  const store::TopicStats stats = topic->stats();
  Figures figures = {{"messages", static_cast<double>(stats.messages)},
                     {"raw_bytes", raw},
                     {"wall_s", wall_s},
                     {"cpu_s", cpu_s},
                     {"mb_per_cpu_s", raw / 1e6 / cpu_s},
                     {"mb_per_s", raw / 1e6 / wall_s},
                     {"stored_over_raw", static_cast<double>(stats.stored_bytes) / raw},
                     {"index_over_raw", static_cast<double>(stats.index_bytes) / raw},
                     {"blocks", static_cast<double>(stats.blocks)},
                     {"segments", static_cast<double>(stats.segments)},
                     {"peak_memory_bytes", static_cast<double>(peak_memory_bytes())}};
  check_needles(*store, threads);
  topic.reset();
  store.reset();
  add_disk_figures(figures, settings.dir, raw);
  std::filesystem::remove_all(settings.dir);
  return figures;
}

/// Starts the broker, fills the topic, says "address messages bytes", stays until it is told to stop.
void run_broker(const Settings& settings, uint64_t messages, const Companion::Link& link) {
  auto broker = must(indexer::TestBroker::start());
  must(broker->create_topic(kTopic, settings.broker_partitions));
  auto producer = must(indexer::Producer::create(broker->address(), {{"linger.ms", "50"}}));
  MessageGenerator generator(1, settings.broker_partitions);
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < messages; ++i) {
    const MessageView message = generator.next();
    bytes += message.raw_bytes();
    indexer::OutgoingMessage out;
    out.topic = kTopic;
    out.partition = message.partition;
    if (message.key) out.key = std::string(*message.key);
    out.value = std::string(*message.value);
    for (const Header& header : message.headers) {
      out.headers.emplace_back(std::string(header.name),
                               header.value ? std::optional(std::string(*header.value)) : std::nullopt);
    }
    out.timestamp = message.create_time;
    must(producer->enqueue(out));
  }
  must(producer->flush(kPatience));
  link.announce(fmt::format("{} {}", broker->address(), bytes));
  link.wait();
}

struct BrokerAddress {
  std::string address;
  double raw_bytes;
};
BrokerAddress parse_announced(const std::string& text) {
  const size_t space = text.find(' ');
  return {text.substr(0, space), std::strtod(text.c_str() + space, nullptr)};
}

void open_and_catch_up(indexer::Indexer& indexer) {
  indexer::OpenRequest request;
  request.topic = kTopic;
  must(indexer.open_topic(request));
  must(indexer.wait_caught_up(kTopic, kPatience));
}

Figures index_from_broker(const Settings& settings, const BrokerAddress& broker, uint64_t messages) {
  std::filesystem::remove_all(settings.dir);
  auto store = must(store::Store::open(settings.dir, store::OpenMode::kOwner, {}));
  indexer::IndexerOptions options;
  options.brokers = broker.address;
  const Stopwatch watch;
  auto indexer = must(indexer::Indexer::start(*store, options));
  open_and_catch_up(*indexer);
  const double findable_s = watch.wall_s();
  must(store->topic(kTopic)->flush());
  const double wall_s = watch.wall_s();
  const double cpu_s = watch.cpu_s();
  const store::TopicStats stats = store->topic(kTopic)->stats();
  if (stats.messages != messages) fail(fmt::format("{} of {} messages were taken in", stats.messages, messages));
  Figures figures = {{"messages", static_cast<double>(stats.messages)},
                     {"raw_bytes", broker.raw_bytes},
                     {"findable_s", findable_s},
                     {"wall_s", wall_s},
                     {"cpu_s", cpu_s},
                     {"mb_per_cpu_s", broker.raw_bytes / 1e6 / cpu_s},
                     {"mb_per_s", broker.raw_bytes / 1e6 / wall_s},
                     {"peak_memory_bytes", static_cast<double>(peak_memory_bytes())}};
  indexer->stop();
  indexer.reset();
  store.reset();
  add_disk_figures(figures, settings.dir, broker.raw_bytes);
  std::filesystem::remove_all(settings.dir);
  return figures;
}

/// Milliseconds from before producing a message until a search finds it.
double find_fresh(indexer::Producer& producer, const store::Store& store, int number) {
  const std::string word = fmt::format("fresh{}", number);
  indexer::OutgoingMessage message;
  message.topic = kTopic;
  message.value = fmt::format(R"({{"event":"order.paid","note":"{}"}})", word);
  query::SearchRequest request;
  request.topics = {kTopic};
  request.where = must(query::parse_text_condition(query::Scope::kValue, word));
  const Stopwatch watch;
  must(producer.send(message, std::chrono::seconds(10)));
  while (must(query::search(store, request)).hits.empty()) {
    if (watch.wall_s() > 30) fail("a produced message was not found within 30 s");
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return watch.wall_s() * 1e3;
}

Figures measure_freshness(const Settings& settings, const BrokerAddress& broker) {
  std::filesystem::remove_all(settings.dir);
  auto store = must(store::Store::open(settings.dir, store::OpenMode::kOwner, {}));
  indexer::IndexerOptions options;
  options.brokers = broker.address;
  auto indexer = must(indexer::Indexer::start(*store, options));
  open_and_catch_up(*indexer);
  auto producer = must(indexer::Producer::create(broker.address, {}));
  std::vector<double> times_ms;
  times_ms.reserve(kFreshMessages);
  for (int i = 0; i < kFreshMessages; ++i) times_ms.push_back(find_fresh(*producer, *store, i));
  std::sort(times_ms.begin(), times_ms.end());
  indexer->stop();
  indexer.reset();
  store.reset();
  std::filesystem::remove_all(settings.dir);
  return {{"messages", kFreshMessages},
          {"median_ms", times_ms[times_ms.size() / 2]},
          {"p99_ms", times_ms[times_ms.size() * 99 / 100]},
          {"max_ms", times_ms.back()}};
}

Figures measure_generator(uint64_t messages) {
  MessageGenerator generator(1, 4);
  const Stopwatch watch;
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < messages; ++i) bytes += generator.next().raw_bytes();
  return {{"messages", static_cast<double>(messages)},
          {"bytes_per_message", static_cast<double>(bytes) / static_cast<double>(messages)},
          {"mb_per_s", static_cast<double>(bytes) / 1e6 / watch.wall_s()}};
}

Report measure(const Settings& settings) {
  const auto wanted = [&](const char* what) { return settings.only.empty() || settings.only == what; };
  Report report;
  report.emplace_back("the generator alone", in_child([&] { return measure_generator(settings.messages); }));
  if (wanted("store")) {
    report.emplace_back("store, 1 thread", in_child([&] { return index_store(settings, 1); }));
    report.emplace_back("store, 2 threads", in_child([&] { return index_store(settings, 2); }));
  }
  if (wanted("broker")) {
    const auto messages = static_cast<uint64_t>(settings.broker_partitions) * kMessagesAPartition;
    const Companion broker([&](const Companion::Link& link) { run_broker(settings, messages, link); });
    const BrokerAddress address = parse_announced(broker.announced());
    report.emplace_back("from a broker", in_child([&] { return index_from_broker(settings, address, messages); }));
  }
  if (wanted("freshness")) {
    const Companion broker([&](const Companion::Link& link) { run_broker(settings, 10'000, link); });
    const BrokerAddress address = parse_announced(broker.announced());
    report.emplace_back("freshness", in_child([&] { return measure_freshness(settings, address); }));
  }
  return report;
}

void print_markdown(const Report& report) {
  fmt::print("## index_bench: {}\n\n", machine_name());
  fmt::print("| case | messages | raw MB | wall s | CPU s | MB/s a core | MB/s | disk / raw | peak MB |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|\n");
  for (const auto& [name, figures] : report) {
    const auto of = [&figures = figures](const char* key) { return figure(figures, key); };
    if (of("cpu_s") == 0) continue;
    fmt::print("| {} | {:.0f} | {:.0f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.2f} | {:.0f} |\n", name, of("messages"),
               of("raw_bytes") / 1e6, of("wall_s"), of("cpu_s"), of("mb_per_cpu_s"), of("mb_per_s"),
               of("disk_over_raw"), of("peak_memory_bytes") / 1e6);
  }
  fmt::print("\n");
  for (const auto& [name, figures] : report) {
    fmt::print("* {}:", name);
    for (const auto& [key, value] : figures) fmt::print(" {} {:.6g}", key, value);
    fmt::print("\n");
  }
}

Settings parse_arguments(const std::vector<std::string>& arguments) {
  Settings settings;
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const std::string& value = arguments[i + 1];
    if (name == "--messages") {
      settings.messages = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "--partitions") {
      settings.broker_partitions = std::atoi(value.c_str());
    } else if (name == "--dir") {
      settings.dir = std::filesystem::path(value) / "kseek_index_bench";
    } else if (name == "--json") {
      settings.json = value;
    } else if (name == "--only") {
      settings.only = value;
    } else {
      fail("unknown option " + name + "; the head of bench/index_bench.cc names them");
    }
  }
  if (arguments.size() % 2 != 0 || settings.messages == 0 || settings.broker_partitions <= 0) {
    fail("every option takes a value, numbers are above 0");
  }
  return settings;
}

}  // namespace
}  // namespace kseek::bench

int main(int argc, char** argv) {
  using namespace kseek::bench;  // NOLINT(google-build-using-namespace): only in main
  const Settings settings = parse_arguments({argv + 1, argv + argc});
  const Report report = measure(settings);
  print_markdown(report);
  if (!settings.json.empty()) write_json(report, settings.json);
  return 0;
}
