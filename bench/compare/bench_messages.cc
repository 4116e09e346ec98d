// What the comparison (bench/run.sh) reads: makes it, and lends a hand.
//
//   bench_messages make --messages N [--seed S] [--each N] DIR    messages.bin, questions.tsv, expected.tsv, facts.json
//   bench_messages real FROM_DIR DIR                              the same of real texts: a message a line
//   bench_messages json FILE                                      as `kcat -J` prints them, to standard output
//   bench_messages read FILE                                      reads it all: what reading costs
//   bench_messages send FILE BROKER TOPIC                         to Kafka, partitions kept
//   bench_messages drop DIR                                       the files below DIR leave the page cache
//
// expected.tsv: question's id, rule (full_scan.h), "partition:offset" of the newest ten, apart by spaces.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "bench/compare/full_scan.h"
#include "bench/compare/message_file.h"
#include "bench/compare/page_cache.h"
#include "bench/compare/question_maker.h"
#include "bench/measure.h"
#include "indexer/producer.h"

namespace kseek::bench {
namespace {

namespace fs = std::filesystem;
constexpr int kPartitions = 4;
constexpr std::chrono::minutes kPatience{10};

/// Writes messages, and looks for everything in them on the way.
class Maker {
 public:
  Maker(const fs::path& dir, const std::vector<Question>& questions)
      : dir_(dir), questions_(questions), scan_(questions), writer_(dir / "messages.bin") {}

  void add(const MessageView& message) {
    writer_.write(message);
    scan_.look_at(message);
    ++messages_;
    raw_bytes_ += (message.key ? message.key->size() : 0) + (message.value ? message.value->size() : 0);
  }

  void finish() {
    writer_.close();
    write_questions(questions_, dir_ / "questions.tsv");
    std::ofstream expected(dir_ / "expected.tsv", std::ios::binary);
    for (size_t i = 0; i < questions_.size(); ++i) {
      for (const auto& [rule, name] : {std::pair{FullScan::kWords, "words"}, std::pair{FullScan::kUax29, "uax29"}}) {
        expected << questions_[i].id << '\t' << name << '\t';
        for (const Position& at : scan_.newest(i, rule)) {
          expected << fmt::format("{}:{} ", at.partition.value, at.offset.value);
        }
        expected << '\n';
      }
    }
    std::ofstream facts(dir_ / "facts.json");
    facts << fmt::format("{{\"messages\": {}, \"raw_bytes\": {}, \"file_bytes\": {}, \"partitions\": {}}}\n", messages_,
                         raw_bytes_, fs::file_size(dir_ / "messages.bin"), kPartitions);
    if (!expected.flush() || !facts.flush()) fail("cannot write to " + dir_.string());
  }

 private:
  fs::path dir_;
  const std::vector<Question>& questions_;
  FullScan scan_;
  MessageFileWriter writer_;
  uint64_t messages_ = 0;
  uint64_t raw_bytes_ = 0;
};

void make(uint64_t messages, uint64_t seed, size_t each, const fs::path& dir) {
  fs::create_directories(dir);
  MessageGenerator generator(seed, kPartitions);
  const std::vector<Question> questions = plant_questions(generator, messages, each);
  Maker maker(dir, questions);
  for (uint64_t i = 0; i < messages; ++i) maker.add(generator.next());
  maker.finish();
}

void make_real(const std::string& from, const fs::path& dir, size_t each) {
  fs::create_directories(dir);
  const std::vector<RealMessage> messages = read_real_messages(from);
  if (messages.empty()) fail("no *.log or *.ndjson below " + from);
  const std::vector<Question> questions = draw_questions(messages, each);
  Maker maker(dir, questions);
  for (size_t i = 0; i < messages.size(); ++i) {
    MessageView message;
    message.partition = PartitionId{static_cast<int32_t>(i % kPartitions)};
    message.offset = Offset{static_cast<int64_t>(i / kPartitions)};
    message.create_time = Timestamp{messages[i].time_ms};
    message.key = messages[i].key;
    message.value = messages[i].value;
    maker.add(message);
  }
  maker.finish();
}

void append_json(std::string& out, const std::optional<std::string_view>& text) {
  if (!text) {
    out += "null";
    return;
  }
  out += '"';
  for (const char c : *text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void print_json(const fs::path& file) {
  MessageFileReader reader(file);
  std::string line;
  while (const auto message = reader.next()) {
    line = fmt::format(R"({{"topic":"bench","partition":{},"offset":{},"tstype":"create","ts":{},"broker":0,"key":)",
                       message->partition.value, message->offset.value, message->create_time.ms);
    append_json(line, message->key);
    line += R"(,"payload":)";
    append_json(line, message->value);
    line += "}\n";
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) fail("cannot write");
  }
  if (std::fflush(stdout) != 0) fail("cannot write");
}

void read_all(const fs::path& file) {
  MessageFileReader reader(file);
  uint64_t messages = 0;
  uint64_t bytes = 0;
  while (const auto message = reader.next()) {
    ++messages;
    bytes += message->raw_bytes();
  }
  fmt::print("{{\"messages\": {}, \"raw_bytes\": {}}}\n", messages, bytes);
}

void send(const fs::path& file, const std::string& broker, const std::string& topic) {
  auto producer = indexer::Producer::create(broker, {{"linger.ms", "50"}, {"compression.type", "lz4"}});
  if (!producer) fail(describe(producer.error()));
  MessageFileReader reader(file);
  while (const auto message = reader.next()) {
    indexer::OutgoingMessage out;
    out.topic = topic;
    out.partition = message->partition;
    if (message->key) out.key = std::string(*message->key);
    if (message->value) out.value = std::string(*message->value);
    out.timestamp = message->create_time;
    if (const auto queued = (*producer)->enqueue(out); !queued) fail(describe(queued.error()));
  }
  if (const auto sent = (*producer)->flush(kPatience); !sent) fail(describe(sent.error()));
}

[[noreturn]] void fail_usage() { fail("the head of bench/compare/bench_messages.cc says how it is called"); }

void run(std::vector<std::string> arguments) {
  std::map<std::string, std::string> options = {{"--messages", "1000000"}, {"--seed", "1"}, {"--each", "100"}};
  std::vector<std::string> plain;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with("--")) {
      plain.push_back(arguments[i]);
      continue;
    }
    if (i + 1 == arguments.size() || !options.contains(arguments[i])) fail_usage();
    options[arguments[i]] = arguments[i + 1];
    ++i;
  }
  const auto number = [&](const char* name) { return std::strtoull(options[name].c_str(), nullptr, 10); };
  if (number("--messages") == 0 || number("--each") == 0) fail_usage();
  const std::string what = plain.empty() ? "" : plain[0];
  if (what == "make" && plain.size() == 2)
    return make(number("--messages"), number("--seed"), number("--each"), plain[1]);
  if (what == "real" && plain.size() == 3) return make_real(plain[1], plain[2], number("--each"));
  if (what == "json" && plain.size() == 2) return print_json(plain[1]);
  if (what == "read" && plain.size() == 2) return read_all(plain[1]);
  if (what == "send" && plain.size() == 4) return send(plain[1], plain[2], plain[3]);
  if (what == "drop" && plain.size() == 2) return drop_page_cache(plain[1]);
  fail_usage();
}

}  // namespace
}  // namespace kseek::bench

int main(int argc, char** argv) { kseek::bench::run({argv + 1, argv + argc}); }
