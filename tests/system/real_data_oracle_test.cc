// Real logs and Chinese poems, sent by kcat through `kseek broker` into `kseek serve`, asked over HTTP; every answer
// must equal a naive scan of what kcat reads back. Needs ../shared/data beside the repository; skips without.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "server/url.h"
#include "tests/source_dir.h"
#include "tests/system/real_data.h"
#include "tests/system/system.h"

namespace kseek::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kQueries = 600;

class RealDataOracle : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path data = fs::path(source_dir()) / "../shared/data";
    if (!fs::exists(data)) GTEST_SKIP() << "no real data at " << data << ": skipped";
    for (const auto& entry : fs::directory_iterator(data / "loghub")) {
      if (entry.path().extension() == ".log") logs_.push_back(entry.path());
    }
    std::sort(logs_.begin(), logs_.end());
    poems_ = data / "songci" / "songci.ndjson";
    start();
  }

  /// A file a partition: each stays below the 5 MiB that the broker keeps of a partition.
  void start() {
    broker_ = std::make_unique<Process>(
        kseek_arguments({"broker", "--topic", fmt::format("logs:{}", logs_.size()), "--topic", "poems:3"}));
    address_ = broker_->read_line().value_or("");
    ASSERT_NE(address_, "");
    write_file(dir_.file("kseek.toml"), "[store]\nblock_max_messages = 300\nblocks_per_segment = 2\nmerge_width = 3\n");
    server_ = std::make_unique<ServerProcess>(dir_.file("data"), address_, dir_.file("kseek.toml"));
    ASSERT_TRUE(server_->ready()) << server_->process().errors();
    for (const char* topic : {"logs", "poems"}) {
      ASSERT_EQ(server_->call("POST", "/api/v1/topics", fmt::format(R"({{"topic":"{}"}})", topic)).status, 201);
    }
  }

  void produce(const std::string& topic, size_t partition, const fs::path& file) const {
    const Finished sent =
        run({"kcat", "-P", "-b", address_, "-t", topic, "-p", std::to_string(partition), "-l", file.string()});
    ASSERT_EQ(sent.code, 0) << sent.err;
  }

  /// What a real client reads back, once kseek has taken it all in.
  std::vector<RealMessage> read_back(const std::string& topic) const {
    const Finished read =
        run({"kcat", "-C", "-b", address_, "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%p %o %T %S\\n%s"});
    EXPECT_EQ(read.code, 0) << read.err;
    auto messages = parse_kcat(read.out);
    EXPECT_TRUE(eventually([&] { return server_->taken_in(topic) == static_cast<int64_t>(messages.size()); }));
    return messages;
  }

  void ask_many(const std::string& topic, const std::vector<RealMessage>& messages, uint64_t seed);

  std::vector<fs::path> logs_;
  fs::path poems_;
  TempDir dir_;
  std::unique_ptr<Process> broker_;
  std::string address_;
  std::unique_ptr<ServerProcess> server_;
};

bool is_ascii(const std::u32string& text) {
  return std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x80; });
}

/// A random question whose words come from a random message.
class Asker {
 public:
  Asker(const std::vector<RealMessage>& messages, uint64_t seed) : messages_(messages), random_(seed) {}

  NaiveQuery next() {
    NaiveQuery query;
    const RealMessage& m = messages_[below(messages_.size())];
    const size_t phrases = below(8) == 0 ? 2 : below(10) == 0 ? 0 : 1;
    for (size_t i = 0; i < phrases && !m.tokens.empty(); ++i) query.phrases.push_back(phrase_of(m));
    if (below(4) == 0) query.partition = below(3) == 0 ? messages_[below(messages_.size())].partition : m.partition;
    if (below(4) == 0) {
      query.first_offset = std::max<int64_t>(0, m.offset - static_cast<int64_t>(below(700)));
      query.last_offset = m.offset + static_cast<int64_t>(below(700));
    }
    if (below(4) == 0) {
      query.first_ms = m.timestamp_ms - static_cast<int64_t>(below(40));
      query.last_ms = m.timestamp_ms + static_cast<int64_t>(below(40));
    }
    return query;
  }

 private:
  size_t below(size_t n) { return random_() % n; }

  NaivePhrase phrase_of(const RealMessage& m) {
    const size_t begin = below(m.tokens.size());
    const size_t length = std::min(1 + below(4), m.tokens.size() - begin);
    NaivePhrase phrase(m.tokens.begin() + static_cast<ptrdiff_t>(begin),
                       m.tokens.begin() + static_cast<ptrdiff_t>(begin + length));
    if (below(2) == 0) bend(phrase[below(phrase.size())]);
    return phrase;
  }

  /// Puts a wildcard into a word (words of scripts without spaces have none inside), or breaks it.
  void bend(std::u32string& word) {
    if (!is_ascii(word)) return;
    const size_t at = below(word.size());
    switch (below(5)) {
      case 0: word = word.substr(0, at + 1) + U"*"; break;
      case 1: word = U"*" + word.substr(at); break;
      case 2: word[at] = U'?'; break;
      case 3: word = word.substr(0, at) + U"*" + word.substr(at + below(word.size() - at)); break;
      default: word += U'x'; break;
    }
  }

  const std::vector<RealMessage>& messages_;
  std::mt19937_64 random_;
};

std::string search_of(const std::string& topic, const NaiveQuery& query) {
  std::string search = "/api/v1/search?topic=" + topic;
  std::string words;
  for (const NaivePhrase& phrase : query.phrases) {
    words += '"';
    for (size_t i = 0; i < phrase.size(); ++i) words += (i > 0 ? " " : "") + to_utf8(phrase[i]);
    words += "\" ";
  }
  if (!words.empty()) search += "&q=" + server::percent_encode(words);
  if (query.partition >= 0) search += fmt::format("&partition={}", query.partition);
  if (query.last_offset != INT64_MAX) search += fmt::format("&offset={}..{}", query.first_offset, query.last_offset);
  if (query.last_ms != INT64_MAX) search += fmt::format("&time={}..{}", query.first_ms, query.last_ms);
  return search;
}

void RealDataOracle::ask_many(const std::string& topic, const std::vector<RealMessage>& messages, uint64_t seed) {
  Asker asker(messages, seed);
  size_t with_hits = 0;
  for (int i = 0; i < kQueries; ++i) {
    const NaiveQuery query = asker.next();
    const auto expected = naive_search(messages, query);
    const std::string search = search_of(topic, query);
    std::vector<std::pair<int32_t, int64_t>> got;
    const auto collect = [&](const Json& hit) { got.emplace_back(hit["partition"], hit["offset"]); };
    if (expected.size() > 10 && i % 20 != 0) {  // the newest ten; every twentieth to the end
      const RawAnswer answer = server_->get(search);
      ASSERT_EQ(answer.status, 200) << search << answer.body;
      const Json json = answer.json();
      ASSERT_EQ(json["complete"], true) << search;
      ASSERT_EQ(json["more"], true) << search;
      for (const Json& hit : json["hits"]) collect(hit);
      ASSERT_EQ(got, decltype(got)(expected.begin(), expected.begin() + 10)) << search << " seed " << seed;
    } else if (expected.size() <= 2000) {
      ASSERT_TRUE(for_each_hit(server_->url(), search, collect)) << search;
      ASSERT_EQ(got, expected) << search << " seed " << seed;
    }
    if (!expected.empty()) ++with_hits;
  }
  std::cout << topic << ": " << kQueries << " queries over " << messages.size() << " messages, " << with_hits
            << " with hits, seed " << seed << "\n";
  EXPECT_GT(with_hits, static_cast<size_t>(kQueries) / 2);
}

TEST_F(RealDataOracle, AnswersEqualAScan) {
  const uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  for (size_t i = 0; i < logs_.size(); ++i) produce("logs", i, logs_[i]);
  for (size_t i = 0; i < 2; ++i) produce("poems", i, poems_);  // twice, so that equal texts stand at several places
  ask_many("logs", read_back("logs"), seed);
  ask_many("poems", read_back("poems"), seed + 1);
}

}  // namespace
}  // namespace kseek::testing
