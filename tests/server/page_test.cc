// The web page's files as the server gives them. What the page does is tested in a browser (tests/page/).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "server/page_files.h"
#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RawAnswer get_with(const World& world, const std::string& target, const std::string& header) {
  RawConnection connection(world.url());
  EXPECT_TRUE(connection.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n\r\n"));
  return connection.read_answer().value_or(RawAnswer{});
}

TEST(Page, IsServedWithWhatItNeedsAndNothingFromElsewhere) {
  const World world;
  const RawAnswer page = world.get("/?topic=orders&q=a&time=-1h..&follow=1");
  ASSERT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(page.headers.at("content-security-policy"), Not(HasSubstr("unsafe")));
  const std::regex reference("(?:src|href)=\"([^\"#]+)\"|from '\\./([^']+)'");
  size_t files = 0;
  for (const server::PageFile& file : server::page_files()) {
    const std::string text(file.plain);
    EXPECT_THAT(text, Not(HasSubstr("innerHTML"))) << file.name;
    for (std::sregex_iterator it(text.begin(), text.end(), reference), end; it != end; ++it) {
      const std::string path = (*it)[1].matched ? (*it)[1].str() : "/page/" + (*it)[2].str();
      EXPECT_EQ(world.get(path).status, 200) << file.name << " refers to " << path;
      ++files;
    }
  }
  EXPECT_GT(files, 20U);
  EXPECT_EQ(world.get("/page/nothing.js").status, 404);
  EXPECT_EQ(world.get("/?nonsense=1").status, 400);
}

TEST(Page, IsCompressedAndCached) {
  const World world;
  const RawAnswer plain = world.get("/page/app.js");
  const RawAnswer zipped = get_with(world, "/page/app.js", "Accept-Encoding: br, gzip");
  EXPECT_EQ(plain.headers.at("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(plain.headers.count("content-encoding"), 0U);
  EXPECT_EQ(zipped.headers.at("content-encoding"), "gzip");
  EXPECT_TRUE(zipped.body.starts_with("\x1f\x8b"));
  EXPECT_LT(zipped.body.size(), plain.body.size() / 2);
  EXPECT_NE(plain.headers.at("etag"), zipped.headers.at("etag"));
  EXPECT_EQ(get_with(world, "/page/app.js", "Accept-Encoding: gzip;q=0").headers.count("content-encoding"), 0U);
  const RawAnswer known = get_with(world, "/page/app.js", "If-None-Match: \"x\", " + plain.headers.at("etag"));
  EXPECT_EQ(known.status, 304);
  EXPECT_TRUE(known.body.empty());
  EXPECT_EQ(get_with(world, "/page/app.js", "If-None-Match: \"x\"").status, 200);
}

}  // namespace
}  // namespace kseek::testing
