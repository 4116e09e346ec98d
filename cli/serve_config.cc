#include "cli/serve_config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>

#include "base/time.h"

namespace kseek::cli {
namespace {

/// Reads a value into its place; the error's message says what was expected.
using Setter = std::function<Result<void>(const toml::node&)>;
using Setters = std::map<std::string, Setter, std::less<>>;

Error expected(std::string what) { return {ErrorCode::kInvalid, std::move(what), ""}; }

Setter text(std::string& place) {
  return [&place](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<std::string>();
    if (!value) return expected("a text in quotation marks");
    place = *value;
    return {};
  };
}

template <class Number>
Setter whole(Number& place, int64_t least, int64_t most) {
  return [&place, least, most](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<int64_t>();
    if (!value || *value < least || *value > most)
      return expected(fmt::format("a whole number from {} to {}", least, most));
    place = static_cast<Number>(*value);
    return {};
  };
}

template <class Span>
Setter span(Span& place) {
  return [&place](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<std::string>();
    if (!value) return expected("a span of time as text, for instance \"300s\" or \"5m\"");
    const auto parsed = parse_duration(*value);
    if (!parsed) return expected(parsed.error().message);
    if (parsed->count() < 1) return expected("a span over 0");
    place = std::chrono::ceil<Span>(*parsed);
    return {};
  };
}

constexpr int64_t kManyBytes = int64_t{1} << 50;

std::map<std::string, Setters, std::less<>> all_setters(ServeConfig& c) {
  store::BlockOptions& blocks = c.store.blocks;
  return {{"server",
           {{"listen", text(c.server.listen)},
            {"max_connections", whole(c.server.max_connections, 1, 1'000'000)},
            {"search_threads", whole(c.server.search_threads, 0, 1024)},
            {"search_deadline", span(c.server.search_deadline)},
            {"idle_timeout", span(c.server.idle_timeout)}}},
          {"store",
           {{"data_dir", text(c.data_dir)},
            {"block_max_messages", whole(blocks.max_messages, 1, 1'000'000)},
            {"block_max_bytes", whole(blocks.max_bytes, 1, 1 << 30)},
            {"blocks_per_segment", whole(blocks.blocks_per_segment, 1, 1024)},
            {"merge_width", whole(blocks.merge_width, 2, 1024)},
            {"max_level", whole(blocks.max_level, 0, 16)},
            {"block_cache_bytes", whole(c.store.block_cache_bytes, 0, kManyBytes)},
            {"write_buffer_bytes", whole(c.store.write_buffer_bytes, 1 << 20, kManyBytes)}}},
          {"indexer",
           {{"brokers", text(c.indexer.brokers)},
            {"dead_letter_topic", text(c.indexer.dead_letter_topic)},
            {"memory_limit_bytes", whole(c.indexer.memory_limit_bytes, 1 << 20, kManyBytes)},
            {"seal_after", span(c.indexer.seal_after)},
            {"watermark_interval", span(c.indexer.watermark_interval)},
            {"metadata_interval", span(c.indexer.metadata_interval)},
            {"compaction_interval", span(c.indexer.compaction_interval)},
            {"workers", whole(c.indexer.workers, 0, 1024)},
            {"max_topics", whole(c.indexer.max_topics, 1, 1'000'000)}}}};
}

Error at(const std::string& path, const toml::node& node, std::string what, std::string hint) {
  return {ErrorCode::kInvalid, fmt::format("{}, line {}: {}", path, node.source().begin.line, what), std::move(hint)};
}

template <class Map>
std::string names(const Map& map) {
  std::string list;
  for (const auto& [name, value] : map) list += (list.empty() ? "" : ", ") + name;
  return list;
}

Result<void> read_kafka(const std::string& path, const toml::table& table, ServeConfig& config) {
  for (const auto& [key, node] : table) {
    std::string& place = config.indexer.kafka[std::string(key.str())];
    if (const auto as_text = node.value_exact<std::string>()) {
      place = *as_text;
    } else if (const auto number = node.value_exact<int64_t>()) {
      place = std::to_string(*number);
    } else if (const auto truth = node.value_exact<bool>()) {
      place = *truth ? "true" : "false";
    } else {
      return at(path, node, fmt::format("[kafka] {} must be a text, a whole number, true or false", key.str()),
                "a property with dots is written in quotation marks: \"security.protocol\" = \"SSL\"");
    }
  }
  return {};
}

Result<void> read_table(const std::string& path, std::string_view name, const toml::table& table,
                        const Setters& setters) {
  for (const auto& [key, node] : table) {
    const auto setter = setters.find(key.str());
    if (setter == setters.end()) {
      return at(path, node, fmt::format("[{}] has no setting \"{}\"", name, key.str()), "known: " + names(setters));
    }
    const auto set = setter->second(node);
    if (!set) return at(path, node, fmt::format("[{}] {}: expected {}", name, key.str(), set.error().message), "");
  }
  return {};
}

Result<void> read_tables(const std::string& path, const toml::table& root, ServeConfig& config) {
  const auto setters = all_setters(config);
  for (const auto& [key, node] : root) {
    const std::string_view name = key.str();
    const auto known = setters.find(name);
    if (known == setters.end() && name != "kafka") {
      return at(path, node, fmt::format("unknown \"{}\"", name), "known tables: " + names(setters) + ", kafka");
    }
    const toml::table* table = node.as_table();
    if (table == nullptr)
      return at(path, node, fmt::format("\"{}\" must be a table", name), fmt::format("write [{}]", name));
    KSEEK_TRY(name == "kafka" ? read_kafka(path, *table, config) : read_table(path, name, *table, known->second));
  }
  return {};
}

}  // namespace

Result<void> read_config(const std::string& path, ServeConfig& config) {
  if (!std::filesystem::is_regular_file(path)) {
    return Error{ErrorCode::kNotFound, fmt::format("there is no file {}", path), "name another with --config"};
  }
  try {
    return read_tables(path, toml::parse_file(path), config);
  } catch (const toml::parse_error& e) {
    return Error{ErrorCode::kInvalid, fmt::format("{}, line {}: {}", path, e.source().begin.line, e.description()), ""};
  }
}

}  // namespace kseek::cli
