// Runs the examples of docs/query.md and of tests/cases/*.test: text that a person can read.
//
//   ```messages          one JSON object a line: key, value, headers, partition (0), time (a minute after the last);
//   {"value":"…"}        they replace those before. Offsets count up in each partition.
//   ```
//   ```query
//   the query text       may go over several lines
//   → 3 1:0              the hits in order, as offsets of partition 0 or PARTITION:OFFSET
//   ```
//   ✗ text               instead of →: an error whose message or hint contains the text
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/time.h"
#include "query/query_text.h"
#include "query/request.h"
#include "tests/query/scratch_store.h"
#include "tests/source_dir.h"

namespace kseek::query {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHits = "→";
constexpr std::string_view kError = "✗";
constexpr std::string_view kTopic = "examples";

struct Block {
  std::string kind;
  size_t line = 0;
  std::vector<std::string> lines;
};

std::vector<Block> read_blocks(const fs::path& file) {
  std::ifstream in(file);
  std::vector<Block> blocks;
  std::string line;
  bool inside = false;
  for (size_t number = 1; std::getline(in, line); ++number) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), number, {}});
    } else if (inside) {
      blocks.back().lines.push_back(line);
    }
  }
  return blocks;
}

/// Half of the messages sealed and indexed, the rest in memory, so that every case goes both ways.
class Examples {
 public:
  explicit Examples(const std::vector<std::string>& lines) : scratch_(options()) {
    store::TopicConfig config;
    config.name = kTopic;
    config.source = store::Source::kImport;
    topic_ = need(scratch_->create_topic(config));
    Timestamp time = parse_time("2026-11-20T10:00:00Z", {}).value();
    size_t left = lines.size();
    for (const std::string& line : lines) {
      append(nlohmann::json::parse(line), time);
      time.ms += 60'000;
      if (--left == lines.size() / 2) need(topic_->flush());
    }
  }

  [[nodiscard]] std::string run(const std::string& text) {
    auto where = parse_query(text, parse_time("2026-11-20T12:00:00Z", {}).value());
    if (!where) return fmt::format("{} {}; {}", kError, where.error().message, where.error().hint);
    SearchRequest request;
    request.topics = {std::string(kTopic)};
    request.where = *std::move(where);
    std::string hits(kHits);
    do {
      const SearchAnswer answer = need(search(*scratch_, request));
      for (const Hit& hit : answer.hits) {
        const auto& message = hit.message();
        hits += message.partition.value == 0 ? fmt::format(" {}", message.offset.value)
                                             : fmt::format(" {}:{}", message.partition.value, message.offset.value);
      }
      request.cursor = answer.cursor;
    } while (!request.cursor.empty());
    return hits;
  }

 private:
  static store::StoreOptions options() {
    store::StoreOptions options;
    options.blocks.max_messages = 2;
    return options;
  }

  static std::optional<std::string> text_of(const nlohmann::json& object, const char* name) {
    if (!object.contains(name) || object[name].is_null()) return std::nullopt;
    return object[name].get<std::string>();
  }

  void append(const nlohmann::json& object, Timestamp time) {
    MessageView message;
    message.partition = {object.value("partition", 0)};
    need(topic_->start_partition(message.partition, kMinOffset));
    message.offset = topic_->next_offset(message.partition).value();
    message.create_time = message.ingest_time =
        object.contains("time") ? Timestamp{object["time"].get<int64_t>()} : time;
    const auto key = text_of(object, "key");
    const auto value = text_of(object, "value");
    if (key) message.key = *key;
    if (value) message.value = *value;
    std::string headers;
    if (object.contains("headers")) {
      for (const auto& [name, header] : object["headers"].items())
        append_header(headers, name, header.get<std::string>());
    }
    message.headers = HeaderList(headers);
    topic_->append(message.partition, {&message, 1});
  }

  ScratchStore scratch_;
  std::shared_ptr<store::TopicStore> topic_;
};

void run_file(const fs::path& file, size_t& queries) {
  std::unique_ptr<Examples> examples;
  for (const Block& block : read_blocks(file)) {
    SCOPED_TRACE(fmt::format("{}:{}", file.string(), block.line));
    if (block.kind == "messages") examples = std::make_unique<Examples>(block.lines);
    if (block.kind != "query") continue;
    ASSERT_TRUE(examples) << "a query before any messages";
    ASSERT_GE(block.lines.size(), 2U) << "a query and what is expected";
    std::string text;
    for (size_t i = 0; i + 1 < block.lines.size(); ++i) text += (i == 0 ? "" : "\n") + block.lines[i];
    const std::string& expected = block.lines.back();
    const std::string found = examples->run(text);
    if (expected.starts_with(kError)) {
      EXPECT_TRUE(found.starts_with(kError)) << text << "\n" << found;
      EXPECT_NE(found.find(expected.substr(kError.size() + 1)), std::string::npos) << text << "\n" << found;
    } else {
      EXPECT_EQ(found, expected) << text;
    }
    ++queries;
  }
}

TEST(Cases, TheQueryPageOfTheDocuments) {
  size_t queries = 0;
  run_file(fs::path(source_dir()) / "docs" / "query.md", queries);
  EXPECT_GE(queries, 30U);
}

TEST(Cases, AllOfTestsCases) {
  size_t queries = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(source_dir()) / "tests" / "cases")) {
    if (entry.path().extension() == ".test") run_file(entry.path(), queries);
  }
  EXPECT_GE(queries, 30U);
}

}  // namespace
}  // namespace kseek::query
