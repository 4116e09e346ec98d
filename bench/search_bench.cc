// How long the newest ten hits take: median, 99th percentile and maximum of each kind of query, over 2 million
// synthetic messages (data_generator.h: JSON events, JSON logs, access logs, Chinese comments; 331 bytes on average, 4
// partitions), all sealed, indexed and merged. One thread, no server. Every run of a kind looks for something else
// (another word, another UUID), so that a decoded block is seldom left from the run before; the files are in the page
// cache.
//
// Usage: search_bench [--messages N] [--runs N] [--dir DIR] [--json FILE] [--only PART_OF_A_NAME]
//                     [--block-messages N] [--read-ahead N]
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <random>

#include "base/time.h"
#include "bench/data_generator.h"
#include "bench/measure.h"
#include "query/request.h"
#include "store/store.h"

namespace kseek::bench {
namespace {

constexpr const char* kTopic = "events";
constexpr int kPartitions = 4;
constexpr size_t kBatch = 500;
constexpr size_t kDistinct = 400;  // things to look for, of each kind
constexpr int64_t kMinuteMs = 60'000;
constexpr double kMaxSecondsAKind = 15;  // slow kinds get fewer runs, at least kMinRuns
constexpr size_t kMinRuns = 11;
constexpr size_t kWarmUps = 5;

struct Options {
  uint64_t messages = 2'000'000;
  size_t runs = 200;
  std::filesystem::path dir = std::filesystem::temp_directory_path();
  std::string json;
  std::string only;  // kinds whose name contains it
  size_t block_messages = store::BlockOptions().max_messages;
  std::optional<size_t> read_ahead;
};

template <class T>
T need(Result<T> result) {
  if (!result) fail(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// What there is to look for: message numbers and texts.
struct Planted {
  std::vector<uint64_t> numbers;  // of messages that got a rare word
  std::vector<std::string> uuids;
  std::vector<std::string> keys;
  std::vector<Timestamp> key_times;
};

std::string rare_word(size_t i) { return fmt::format("zyx{}wvq", i * 7919 + 104'729); }
std::string word(size_t rank) { return std::string(MessageGenerator::word(rank)); }

/// The first UUID in a text, or nothing.
std::string find_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  for (size_t at = 0; at + kShape.size() <= text.size(); ++at) {
    const auto fits = [&] {
      for (size_t i = 0; i < kShape.size(); ++i) {
        const char c = text[at + i];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (kShape[i] == '-' ? c != '-' : !hex) return false;
      }
      return true;
    };
    if (fits()) return std::string(text.substr(at, kShape.size()));
  }
  return "";
}

Planted plant(MessageGenerator& generator, uint64_t messages) {
  std::mt19937_64 random(7);
  Planted planted;
  for (size_t i = 0; i < kDistinct; ++i) {
    planted.numbers.push_back(random() % messages);
    generator.plant(planted.numbers.back(), rare_word(i));
    generator.plant(random() % messages, word(1000 + i) + " " + word(2000 + i));
  }
  while (planted.uuids.size() < kDistinct || planted.keys.size() < kDistinct) {
    const MessageView message = generator.at(random() % messages);
    const std::string uuid = find_uuid(message.value.value_or(""));
    if (!uuid.empty() && planted.uuids.size() < kDistinct) planted.uuids.push_back(uuid);
    if (message.key && message.key->starts_with("order-") && planted.keys.size() < kDistinct) {
      planted.keys.emplace_back(*message.key);
      planted.key_times.push_back(message.create_time);
    }
  }
  return planted;
}

void work_off(store::TopicStore& topic, bool all) {
  while (need(topic.seal_next())) continue;
  while (need(topic.index_next(all))) continue;
  while (need(topic.merge_next())) continue;
}

void load(store::TopicStore& topic, MessageGenerator& generator, uint64_t messages) {
  for (int32_t p = 0; p < kPartitions; ++p) need(topic.start_partition({p}, kMinOffset));
  for (uint64_t n = 0; n < messages; ++n) {
    const MessageView message = generator.next();
    topic.append(message.partition, {&message, 1});
    if (n % kBatch == 0) work_off(topic, false);
  }
  need(topic.flush());
  work_off(topic, true);
}

query::Condition phrase(query::Scope scope, const std::string& text) {
  return need(query::parse_text_condition(scope, text));
}

struct Case {
  std::string name;
  std::function<void(query::SearchRequest&, size_t i)> ask;
};

std::vector<Case> make_cases(const Planted& planted) {
  using query::Condition;
  static constexpr auto kAny = query::Scope::kKeyOrValue;
  const auto where = [](auto&& text) {
    return [text](query::SearchRequest& request, size_t i) { request.where = phrase(kAny, text(i)); };
  };
  std::vector<Case> cases;
  cases.push_back({"no condition", [](query::SearchRequest&, size_t) {}});
  cases.push_back({"rare word (one message)", where(rare_word)});
  cases.push_back({"UUID", where([&planted](size_t i) { return planted.uuids[i]; })});
  cases.push_back({"frequent word", where([](size_t i) { return word(i % 20); })});
  cases.push_back({"AND of two words", [](query::SearchRequest& request, size_t i) {
                     request.where = Condition::all_of({phrase(kAny, word(3'000 + i)), phrase(kAny, word(4'000 + i))});
                   }});
  cases.push_back({"phrase of two words", where([](size_t i) { return word(1000 + i) + " " + word(2000 + i); })});
  cases.push_back({"phrase of four frequent words", where([](size_t i) {
                     return fmt::format("{} {} {} {}", word(i % 5), word(5 + i % 7), word(i % 3), word(3 + i % 11));
                   })});
  cases.push_back({"prefix wildcard (zyx123*)", where([](size_t i) { return rare_word(i).substr(0, 7) + "*"; })});
  cases.push_back({"infix wildcard (*yx123wv*)", where([](size_t i) {
                     const std::string whole = rare_word(i);
                     return "*" + whole.substr(1, whole.size() - 2) + "*";
                   })});
  cases.push_back({"key", [&planted](query::SearchRequest& request, size_t i) {
                     request.where = phrase(query::Scope::kKey, planted.keys[i]);
                   }});
  cases.push_back({"key and two minutes", [&planted](query::SearchRequest& request, size_t i) {
                     request.where = phrase(query::Scope::kKey, planted.keys[i]);
                     request.times = {{planted.key_times[i].ms - kMinuteMs}, {planted.key_times[i].ms + kMinuteMs}};
                   }});
  cases.push_back({"regex without a literal", [](query::SearchRequest& request, size_t i) {
                     const query::Regex regex{fmt::format("[qx][0-9]{{{}}}[wz] [^ -~]k", 2 + i % 7), false};
                     request.where = Condition::of_regex({kAny}, regex);
                   }});
  cases.push_back({"regex with a literal that nothing has", [](query::SearchRequest& request, size_t i) {
                     request.where = Condition::of_regex({kAny}, {fmt::format("[a-z]wxqz{}[0-9]+", i), false});
                   }});
  cases.push_back({"regex with a literal that no index helps with", [](query::SearchRequest& request, size_t i) {
                     request.where = Condition::of_regex({kAny}, {fmt::format("[a-z]~{}z[0-9]+", i % 10), false});
                   }});
  cases.push_back({"a filter that nothing passes", [](query::SearchRequest& request, size_t i) {
                     request.where = phrase(kAny, fmt::format("*j{}qx{}*", i % 10, i));
                   }});
  cases.push_back({"not frequent, not rare", [](query::SearchRequest& request, size_t i) {
                     request.where = Condition::all_of({Condition::none_of(phrase(kAny, "e*")),
                                                        Condition::none_of(phrase(kAny, "*a*")),
                                                        Condition::none_of(phrase(kAny, rare_word(i)))});
                   }});
  cases.push_back({"nothing matches", where([](size_t i) { return fmt::format("nosuchword{}", i); })});
  return cases;
}

struct Measured {
  double median_ms = 0, p99_ms = 0, max_ms = 0;
  double median_cpu_ms = 0;  // all threads: what it costs, however busy the machine is
  // Means of a run.
  double hits = 0, blocks_opened = 0, mbytes_read = 0, plan_ms = 0, read_ms = 0, verify_ms = 0;
};

Measured measure(const store::Store& store, const Case& ask, const Options& options) {
  const size_t runs = options.runs;
  std::vector<double> ms;
  std::vector<double> cpu_ms;
  Measured measured;
  const Stopwatch all;
  for (size_t i = 0; i < runs + kWarmUps; ++i) {
    if (ms.size() >= kMinRuns && all.wall_s() > kMaxSecondsAKind) break;
    query::SearchRequest request;
    request.topics = {kTopic};
    request.explain = true;
    request.deadline = std::chrono::minutes(10);
    request.read_ahead = options.read_ahead;
    ask.ask(request, i % kDistinct);
    const Stopwatch watch;
    const query::SearchAnswer answer = need(query::search(store, request));
    const double took_ms = watch.wall_s() * 1e3;
    const double took_cpu_ms = watch.cpu_s() * 1e3;
    if (i < kWarmUps) continue;
    ms.push_back(took_ms);
    cpu_ms.push_back(took_cpu_ms);
    const query::Explain& explain = *answer.explain;
    measured.hits += static_cast<double>(answer.hits.size());
    measured.blocks_opened += static_cast<double>(explain.blocks_opened);
    measured.mbytes_read += static_cast<double>(explain.bytes_read) / 1e6;
    measured.plan_ms += explain.plan_ms;
    measured.read_ms += explain.read_ms;
    measured.verify_ms += explain.verify_ms;
  }
  const auto n = static_cast<double>(ms.size());
  for (double* sum : {&measured.hits, &measured.blocks_opened, &measured.mbytes_read, &measured.plan_ms,
                      &measured.read_ms, &measured.verify_ms}) {
    *sum /= n;
  }
  std::sort(ms.begin(), ms.end());
  std::sort(cpu_ms.begin(), cpu_ms.end());
  measured.median_cpu_ms = cpu_ms[cpu_ms.size() / 2];
  measured.median_ms = ms[ms.size() / 2];
  measured.p99_ms = ms[ms.size() * 99 / 100];
  measured.max_ms = ms.back();
  return measured;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (i + 1 >= argc) fail(fmt::format("{} needs a value", name));
    const char* value = argv[++i];
    if (name == "--messages") {
      options.messages = std::strtoull(value, nullptr, 10);
    } else if (name == "--runs") {
      options.runs = std::strtoull(value, nullptr, 10);
    } else if (name == "--dir") {
      options.dir = value;
    } else if (name == "--json") {
      options.json = value;
    } else if (name == "--only") {
      options.only = value;
    } else if (name == "--block-messages") {
      options.block_messages = std::strtoull(value, nullptr, 10);
    } else if (name == "--read-ahead") {
      options.read_ahead = std::strtoull(value, nullptr, 10);
    } else {
      fail(fmt::format("unknown option {}", name));
    }
  }
  if (options.messages == 0 || options.runs == 0) fail("--messages and --runs must be above 0");
  return options;
}

void run(const Options& options) {
  const std::filesystem::path dir = options.dir / "search_bench";
  std::filesystem::remove_all(dir);
  store::StoreOptions store_options;
  store::BlockOptions& blocks = store_options.blocks;  // segments stay of the same size
  blocks.blocks_per_segment =
      std::max<size_t>(1, blocks.blocks_per_segment * blocks.max_messages / options.block_messages);
  blocks.max_bytes = blocks.max_bytes * options.block_messages / blocks.max_messages;
  blocks.max_messages = options.block_messages;
  const auto store = need(store::Store::open(dir, store::OpenMode::kOwner, store_options));
  store::TopicConfig config;
  config.name = kTopic;
  config.source = store::Source::kImport;
  const auto topic = need(store->create_topic(config));
  MessageGenerator generator(1, kPartitions);
  const Planted planted = plant(generator, options.messages);
  const Stopwatch loading;
  load(*topic, generator, options.messages);
  const store::TopicStats stats = topic->stats();
  fmt::print("## search_bench: {} messages, {:.0f} MB, {} blocks, {} segments; {}\n\n", options.messages,
             static_cast<double>(stats.raw_bytes) / 1e6, stats.blocks, stats.segments, machine_name());
  fmt::print(
      "Loaded in {:.0f} s ({:.0f} s CPU); stored {:.3f}, index {:.3f} bytes a raw byte. Up to {} runs of each kind, "
      "each looking for something else.\n\n",
      loading.wall_s(), loading.cpu_s(), static_cast<double>(stats.stored_bytes) / static_cast<double>(stats.raw_bytes),
      static_cast<double>(stats.index_bytes) / static_cast<double>(stats.raw_bytes), options.runs);
  fmt::print(
      "| query | median ms | CPU ms | p99 ms | max ms | hits | blocks opened | MB read | plan ms | read ms | verify ms "
      "|\n"
      "|---|---|---|---|---|---|---|---|---|---|---|\n");
  std::string json;
  for (const Case& ask : make_cases(planted)) {
    if (ask.name.find(options.only) == std::string::npos) continue;
    const Measured m = measure(*store, ask, options);
    fmt::print("| {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.1f} | {:.1f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} |\n",
               ask.name, m.median_ms, m.median_cpu_ms, m.p99_ms, m.max_ms, m.hits, m.blocks_opened, m.mbytes_read,
               m.plan_ms, m.read_ms, m.verify_ms);
    std::fflush(stdout);
    json +=
        fmt::format(R"({}"{}": {{"median_ms": {:.3f}, "p99_ms": {:.3f}, "max_ms": {:.3f}, "blocks_opened": {:.2f}}})",
                    json.empty() ? "" : ", ", ask.name, m.median_ms, m.p99_ms, m.max_ms, m.blocks_opened);
  }
  if (!options.json.empty()) std::ofstream(options.json) << "{" << json << "}\n";
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace kseek::bench

int main(int argc, char** argv) { kseek::bench::run(kseek::bench::parse(argc, argv)); }
