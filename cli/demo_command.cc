// kseek demo: an in-process broker, sample topics, a server, and example searches with their answers.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>

#include "base/time.h"
#include "cli/answer_table.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/demo_checks.h"
#include "cli/demo_data.h"
#include "cli/http_client.h"
#include "cli/service.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/usage_error.h"
#include "indexer/producer.h"
#include "indexer/test_broker.h"
#include "server/listen_socket.h"

namespace kseek::cli {
namespace {

struct DemoOptions {
  std::string listen = "127.0.0.1:7420";
  std::string data_dir;
  bool once = false;
};

/// The data directory of one demo; a temporary one goes with it.
class DemoDirectory {
 public:
  static Result<std::unique_ptr<DemoDirectory>> make(const std::string& given) {
    auto directory = std::make_unique<DemoDirectory>();
    directory->path_ = given;
    if (!given.empty()) return directory;
    std::string pattern = (std::filesystem::temp_directory_path() / "kseek-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      return Error{ErrorCode::kUnavailable, fmt::format("can't make a directory like {}", pattern),
                   "name a writable one with --data-dir"};
    }
    directory->path_ = pattern;
    directory->temporary_ = true;
    return directory;
  }
  DemoDirectory() = default;
  DemoDirectory(const DemoDirectory&) = delete;
  DemoDirectory& operator=(const DemoDirectory&) = delete;
  ~DemoDirectory() {
    std::error_code ignored;
    if (temporary_) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool temporary_ = false;
};

indexer::OutgoingMessage outgoing(const DemoMessage& m) {
  indexer::OutgoingMessage out{m.topic, m.partition, m.key, m.value, {}, m.time};
  for (const auto& [name, value] : m.headers) out.headers.emplace_back(name, value);
  return out;
}

/// Produces every topic's history. On a fresh broker a partition's offsets count its messages.
Result<DemoHistory> produce_history(indexer::Producer& producer, Timestamp end) {
  DemoHistory history;
  for (size_t topic = 0; topic < kDemoTopics.size(); ++topic) {
    std::vector<int64_t> next(kDemoPartitions, 0);
    auto& entries = history.topics.emplace_back();
    for (uint64_t i = 0; i < kDemoHistory; ++i) {
      DemoMessage message = demo_message(topic, i, end);
      KSEEK_TRY(producer.enqueue(outgoing(message)));
      const Offset offset{next[static_cast<size_t>(message.partition.value)]++};
      entries.push_back({std::move(message), offset});
    }
  }
  KSEEK_TRY(producer.flush(std::chrono::seconds(60)));
  return history;
}

/// The address to listen on: the one asked for, or a free port where another program has that one.
std::string free_address(const std::string& asked) {
  const auto probe = server::listen_on(asked);
  if (probe) close(probe->fd);
  if (probe || probe.error().code != ErrorCode::kConflict) return asked;
  fmt::print("{}: taking a free port instead.\n", probe.error().message);
  return "127.0.0.1:0";
}

Result<std::unique_ptr<Service>> start_service(const DemoOptions& options, const std::string& brokers,
                                               const std::string& dir) {
  ServeConfig config;
  config.data_dir = dir;
  config.indexer.brokers = brokers;
  config.server.listen = free_address(options.listen);
  return Service::start(config);
}

Result<void> open_topics(Service& service) {
  for (const char* topic : kDemoTopics) {
    if (service.store().topic(topic) != nullptr) {
      return Error{ErrorCode::kConflict, fmt::format("the data directory has a topic \"{}\" already", topic),
                   "give the demo an empty one; its broker begins anew each time"};
    }
    indexer::OpenRequest request;
    request.topic = topic;
    KSEEK_TRY(service.indexer().open_topic(request));
  }
  for (const char* topic : kDemoTopics) {
    KSEEK_TRY(service.indexer().wait_caught_up(topic, std::chrono::seconds(60)));
  }
  return {};
}

Result<void> show_examples(const std::string& url, const DemoHistory& history) {
  HttpClient client(url);
  const TableStyle style{terminal_columns(), may_style()};
  for (const Example& example : example_searches(history)) {
    KSEEK_ASSIGN(const ExampleOutcome outcome, check_example(client, example, history));
    KSEEK_ASSIGN(const std::string table, answer_table(outcome.first_answer, style));
    fmt::print("\n{}\n$ {}\n{}checked: {} messages match, as produced\n", example.title, example.command, table,
               outcome.expected);
    std::fflush(stdout);
  }
  return {};
}

/// About twenty messages a second in each topic until it dies.
class LiveTraffic {
 public:
  explicit LiveTraffic(indexer::Producer& producer) : producer_(producer), thread_([this] { run(); }) {}
  ~LiveTraffic() {
    stop_ = true;
    thread_.join();
  }
  LiveTraffic(const LiveTraffic&) = delete;
  LiveTraffic& operator=(const LiveTraffic&) = delete;

 private:
  void run() {
    for (uint64_t i = kDemoHistory; !stop_; ++i) {
      for (size_t topic = 0; topic < kDemoTopics.size(); ++topic) {
        const auto queued = producer_.enqueue(outgoing(demo_message(topic, i, now())));
        ignore_error(queued, "the demo's next message comes in a moment");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  indexer::Producer& producer_;
  std::atomic<bool> stop_{false};
  std::thread thread_;  // last: it uses the others
};

void print_invitation(const std::string& url, const std::string& brokers) {
  const std::string server = url == kDefaultServer ? "" : " --server " + url;
  fmt::print(
      "\nLive traffic is running. Kafka: {}   kseek: {}\nTry, in another terminal:\n"
      "  kseek search chat refund{}\n  kseek search orders,service-logs timeout --time -1m..{}\n"
      "  kseek send chat --key me --value 'hello kseek'{} && kseek search chat '\"hello kseek\"'{}\n"
      "  kseek progress orders{}\n  curl '{}/api/v1/search?topic=chat&q=退款&explain=1'\nCtrl-C ends it.\n",
      brokers, url, server, server, server, server, server, url);
  std::fflush(stdout);
}

Result<void> demo(const DemoOptions& options) {
  KSEEK_ASSIGN(const auto directory, DemoDirectory::make(options.data_dir));
  KSEEK_ASSIGN(const auto broker, indexer::TestBroker::start());
  for (const char* topic : kDemoTopics) KSEEK_TRY(broker->create_topic(topic, kDemoPartitions));
  KSEEK_ASSIGN(const auto producer, indexer::Producer::create(broker->address(), {}));
  const auto begin = std::chrono::steady_clock::now();
  KSEEK_ASSIGN(const DemoHistory history, produce_history(*producer, now()));
  KSEEK_ASSIGN(const auto service, start_service(options, broker->address(), directory->path()));
  KSEEK_TRY(open_topics(*service));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("{} topics of {} messages each are produced and findable after {:.1f} s, at {}\n", kDemoTopics.size(),
             kDemoHistory, took.count(), service->url());
  KSEEK_TRY(show_examples(service->url(), history));
  if (options.once) {
    fmt::print("\nAll answers are as produced.\n");
    return {};
  }
  {
    const LiveTraffic traffic(*producer);
    print_invitation(service->url(), broker->address());
    wait_for_stop();
  }
  bound_stopping(std::chrono::seconds(30));
  service->stop();
  return {};
}

}  // namespace

void add_demo(CLI::App& app, Run& run) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand("demo", "An in-process Kafka broker with sample topics, and search on them");
  command->add_option("--listen", options->listen, "host:port of the server")
      ->capture_default_str()
      ->check(listen_address());
  command->add_option("--data-dir", options->data_dir, "Keep the data here (default: a temporary directory)");
  command->add_flag("--once", options->once, "Load, search, check the answers, and end");
  add_example(*command, "kseek demo");
  command->callback([options, &run] {
    run = [options] {
      hold_stop_signals();
      const auto done = demo(*options);
      return done ? kDone : fail_for_good(done.error());
    };
  });
}

}  // namespace kseek::cli
