// A topic of so many partitions that a cursor fits into no address.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "server/refusals.h"
#include "tests/system/system.h"

namespace kseek::testing {
namespace {

constexpr int kPartitions = 2100;
constexpr int64_t kOffset = 1'000'000'000'000;  // long in a cursor, as those of old topics are

std::string wide_dump() {
  std::string lines;
  for (int p = 0; p < kPartitions; ++p) {
    const Json message{{"topic", "wide"},
                       {"partition", p},
                       {"offset", kOffset},
                       {"tstype", "create"},
                       {"ts", 1'000'000 + p},
                       {"key", "k" + std::to_string(p)},
                       {"payload", p % 70 == 0 ? "rare needle" : "hay"}};
    lines += message.dump() + "\n";
  }
  return lines;
}

/// The cursor's pages to the end, or as many as `pages`, through the command line.
std::vector<std::string> keys_of(const std::vector<std::string>& command, const char* list, int pages) {
  std::vector<std::string> keys;
  std::string cursor;
  for (int page = 0; page < pages; ++page) {
    std::vector<std::string> line = command;
    if (!cursor.empty()) line.insert(line.end(), {"--cursor", cursor});
    const Finished done = kseek(line);
    EXPECT_EQ(done.code, 0) << done.err;
    if (done.code != 0) break;
    const Json answer = Json::parse(done.out);
    EXPECT_EQ(answer["complete"], true);
    for (const Json& hit : answer[list]) keys.push_back(hit["key"].get<std::string>());
    if (answer["cursor"].is_null()) break;
    cursor = answer["cursor"].get<std::string>();
    EXPECT_GT(cursor.size(), server::kMaxTargetBytes) << "or this tests nothing";
  }
  return keys;
}

TEST(WideTopic, PagesToItsEndThroughTheServer) {
  const TempDir dir;
  write_file(dir.file("wide.json"), wide_dump());
  const Finished imported = kseek({"import", "wide", dir.file("wide.json"), "--data-dir", dir.file("data")});
  ASSERT_EQ(imported.code, 0) << imported.err;
  const ServerProcess server(dir.file("data"), "127.0.0.1:1");
  ASSERT_TRUE(server.ready());
  ASSERT_TRUE(eventually([&] { return server.get("/api/v1/search?topic=wide").json()["complete"] == true; }));

  std::vector<std::string> needles;
  for (int p = 0; p < kPartitions; p += 70) needles.push_back("k" + std::to_string(p));
  const std::vector<std::string> at{"--server", server.url(), "--json"};
  std::vector<std::string> search{"search", "wide", "needle", "--order", "oldest"};
  search.insert(search.end(), at.begin(), at.end());
  EXPECT_EQ(keys_of(search, "hits", 10), needles);

  std::vector<std::string> first;
  for (int p = 1000; p < 1030; ++p) first.push_back("k" + std::to_string(p));
  std::vector<std::string> messages{"messages", "wide", "--at", "1001000"};
  messages.insert(messages.end(), at.begin(), at.end());
  EXPECT_EQ(keys_of(messages, "messages", 3), first);
}

}  // namespace
}  // namespace kseek::testing
