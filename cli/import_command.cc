// kseek import: bulk-loads kcat -J dumps into a data directory that no server holds.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/redact_config.h"
#include "cli/usage_error.h"
#include "indexer/import.h"
#include "store/store.h"

namespace kseek::cli {
namespace {

struct ImportCommandOptions {
  std::string data_dir;
  std::string topic;
  std::vector<std::string> files;
  unsigned workers = 0;
  bool json = false;
  std::string config;
};

Result<std::shared_ptr<store::TopicStore>> find_or_create(store::Store& store, const std::string& name) {
  if (auto topic = store.topic(name)) return topic;
  store::TopicConfig config;
  config.name = name;
  config.source = store::Source::kImport;
  config.retention.kind = store::Retention::Kind::kForever;
  config.opened_at = now();
  return store.create_topic(config);
}

/// What of a topic's messages would be lost if this process ended now.
uint64_t not_written(const store::TopicStore& topic) {
  const auto view = topic.view();
  return std::accumulate(view.memory.begin(), view.memory.end(), uint64_t{0},
                         [](uint64_t sum, const store::MemoryBlock& block) { return sum + block.messages; });
}

/// What an import that ended early with `error` has loaded, and how to go on.
std::string so_far(store::TopicStore& topic, const indexer::ImportStats& stats, const Error& error) {
  const std::string name = topic.config().name;
  const uint64_t lost = std::min(not_written(topic), stats.messages);
  const uint64_t kept = stats.messages - lost;
  const auto synced = topic.sync();
  std::string text = fmt::format("{} message{} of this import {} in topic \"{}\"{}", kept, kept == 1 ? "" : "s",
                                 kept == 1 ? "is" : "are", name, synced ? " and durable" : "");
  if (!synced) text += fmt::format(", but may not survive a power failure ({})", synced.error().message);
  if (lost > 0) text += fmt::format("; {} more could not be written and {} not", lost, lost == 1 ? "is" : "are");
  if (error.code == ErrorCode::kConflict) return text;  // the same again would end there again: its hint says more
  return text + (stats.numbered > 0
                     ? "; lines without an offset would be doubled by the same import: give only what is not loaded yet"
                     : "; when that is mended, give the same command again: it passes over what is there");
}

void show_progress(const indexer::ImportStats& stats) {
  if (isatty(STDERR_FILENO) != 0) {
    fmt::print(stderr, "\r{} messages, {:.0f} MB read ", stats.messages, static_cast<double>(stats.input_bytes) / 1e6);
  }
}

/// `stats`: what was loaded of it, also when it ended early.
Result<void> import_file(store::TopicStore& topic, const std::string& name, const indexer::ImportOptions& options,
                         indexer::ImportStats& stats) {
  const auto progress = [&stats](const indexer::ImportStats& now) {
    stats = now;
    show_progress(now);
  };
  if (name == "-") {
    KSEEK_TRY(indexer::import_dump(topic, std::cin, "standard input", options, progress));
    return {};
  }
  std::ifstream file(name, std::ios::binary);
  if (!file) {
    return Error{ErrorCode::kUnavailable, fmt::format("can't read {}: {}", name, std::strerror(errno)),
                 "check the file and who may read it"};
  }
  KSEEK_TRY(indexer::import_dump(topic, file, name, options, progress));
  return {};
}

/// Before anything is made: a name that was mistyped should leave nothing behind.
Result<void> find_files(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name == "-" || access(name.c_str(), R_OK) == 0) continue;
    return Error{ErrorCode::kUnavailable, fmt::format("can't read {}: {}", name, std::strerror(errno)),
                 "nothing is loaded yet: check the names of the files"};
  }
  return {};
}

std::string stats_text(const indexer::ImportStats& stats) {
  const auto s = [](uint64_t count) { return count == 1 ? "" : "s"; };
  const std::string expired = stats.expired > 0 ? fmt::format("{} expired already, ", stats.expired) : "";
  return fmt::format("{} message{} imported ({} bytes), {} there already, {}{} dead letter{}\n", stats.messages,
                     s(stats.messages), stats.raw_bytes, stats.duplicates, expired, stats.dead_letters,
                     s(stats.dead_letters));
}

std::string stats_json(const indexer::ImportStats& stats) {
  const nlohmann::ordered_json json{{"messages", stats.messages},
                                    {"bytes", stats.raw_bytes},
                                    {"duplicates", stats.duplicates},
                                    {"expired", stats.expired},
                                    {"dead_letters", stats.dead_letters}};
  return json.dump() + "\n";
}

void add(indexer::ImportStats& total, const indexer::ImportStats& stats) {
  total.messages += stats.messages;
  total.duplicates += stats.duplicates;
  total.expired += stats.expired;
  total.dead_letters += stats.dead_letters;
  total.numbered += stats.numbered;
  total.raw_bytes += stats.raw_bytes;
}

int import(const ImportCommandOptions& options) {
  if (options.data_dir.empty()) {
    return fail({ErrorCode::kInvalid, "import loads into a data directory, not through a running server",
                 "stop the server that owns the directory, then: kseek import --data-dir DIR TOPIC FILE…"});
  }
  const auto redactor = options.config.empty() ? Result<std::shared_ptr<const indexer::Redactor>>(nullptr)
                                               : read_redaction(options.config);
  if (!redactor) return fail(redactor.error());
  if (const auto found = find_files(options.files); !found) return fail_for_good(found.error());
  auto opened = store::Store::open(options.data_dir, store::OpenMode::kOwner, {});
  if (!opened) return fail_for_good(opened.error());
  const auto topic = find_or_create(**opened, options.topic);
  if (!topic) return fail(topic.error());
  indexer::ImportOptions importing;
  importing.workers = options.workers;
  importing.redactor = *redactor;
  indexer::ImportStats total;
  for (const std::string& file : options.files) {
    indexer::ImportStats stats;
    const auto ended = import_file(**topic, file, importing, stats);
    if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\n");
    add(total, stats);
    if (ended) continue;
    fail_for_good(ended.error());
    fmt::print(stderr, "       {}\n", so_far(**topic, total, ended.error()));
    return kFailed;
  }
  const std::string done = options.json ? stats_json(total) : stats_text(total);
  return print_all(done) ? kDone : kFailed;
}

}  // namespace

void add_import(CLI::App& app, Run& run) {
  auto options = std::make_shared<ImportCommandOptions>();
  CLI::App* command = app.add_subcommand("import", "Bulk-load `kcat -J` dumps into a data directory; needs no broker");
  command->add_option("topic", options->topic, "The topic's name; made where it is missing")->required();
  command->add_option("files", options->files, "What `kcat -J` wrote; - is standard input")->required();
  command->add_option("--data-dir", options->data_dir, "The directory; no server may be running on it");
  command->add_option("--workers", options->workers, "Background threads (default: one a core)")
      ->check(whole_number(1024));
  command->add_flag("--json", options->json, "Print what was loaded as JSON");
  command->add_option("--config", options->config, "kseek.toml, for its [[redact]] rules");
  add_example(*command,
              "kcat -b localhost:9092 -C -t orders -e -J > orders.json; "
              "kseek import --data-dir data orders orders.json");
  command->callback([options, &run] { run = [options] { return import(*options); }; });
}

}  // namespace kseek::cli
