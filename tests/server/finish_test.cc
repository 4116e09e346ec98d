// What every answer gets on its way out: request ids, compression, and what other origins' pages may.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <zlib.h>

#include <sstream>

#include "server/finish.h"
#include "server/gzip.h"
#include "server/header_list.h"
#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using server::lists;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

/// The only server of these tests; pages of https://tools.example may use it.
World& world() {
  static World shared({.listen = "127.0.0.1:0", .cors_origins = "https://a.example, https://tools.example"});
  return shared;
}

/// `headers`: lines, each with its line end.
RawAnswer ask(const std::string& method, const std::string& target, const std::string& headers,
              const std::string& url = world().url(), const std::string& body = "") {
  RawConnection connection(url);
  EXPECT_TRUE(connection.send(method + " " + target + " HTTP/1.1\r\nHost: " + url.substr(7) + "\r\n" + headers +
                              "\r\n" + body));
  return connection.read_answer(method == "HEAD").value_or(RawAnswer{});
}

std::string header(const RawAnswer& answer, const std::string& name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? "(none)" : found->second;
}

std::string unzip(const std::string& zipped) {
  std::string plain(1 << 22, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string in = zipped;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  return plain;
}

TEST(HeaderList, FindsItemsThatAreWanted) {
  for (const char* list :
       {"gzip", "br, gzip", "GZIP", " gzip ;q=0.5", "gzip;q=1.000", "br;q=0,gzip", "deflate ,gzip;x=0"}) {
    EXPECT_TRUE(lists(list, "gzip")) << list;
  }
  for (const char* list :
       {"", "x-gzip", "gzipp", "gzip;q=0", "gzip; q=0.000", "br, gzip;Q=0.0", "gzip;q=0;x=1", ",", ";"}) {
    EXPECT_FALSE(lists(list, "gzip")) << list;
  }
  EXPECT_TRUE(lists("W/\"abc\"", "\"abc\""));
}

TEST(Gzip, GivesBackWhatItTook) {
  for (const size_t size : {0, 1, 1000, 1'000'000}) {
    std::string text;
    for (size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i);
    text.resize(size);
    EXPECT_EQ(unzip(*server::gzip(text)), text) << size;
  }
}

TEST(RequestId, IsTheClientsOrANewOne) {
  EXPECT_EQ(header(ask("GET", "/healthz", "X-Request-Id: abc-1.2/3\r\n"), "x-request-id"), "abc-1.2/3");
  EXPECT_EQ(header(ask("GET", "/nothing", "x-request-id: e\r\n"), "x-request-id"), "e");
  EXPECT_EQ(header(ask("GET", "/api/v1/topics", "X-Request-Id: t\r\n"), "x-request-id"), "t");
  const std::string longest(128, 'a');
  EXPECT_EQ(header(ask("GET", "/healthz", "X-Request-Id: " + longest + "\r\n"), "x-request-id"), longest);
  std::set<std::string> made;
  for (const std::string& bad :
       {std::string(""), longest + "a", std::string("a b"), std::string("a\"b"), std::string("ä")}) {
    const std::string id = header(ask("GET", "/healthz", "X-Request-Id: " + bad + "\r\n"), "x-request-id");
    EXPECT_THAT(id, MatchesRegex("[0-9a-f]{16}")) << bad;
    made.insert(id);
  }
  EXPECT_EQ(made.size(), 5U);
}

TEST(Compression, OfJsonAndTextFrom1KiBOn) {
  static_cast<void>(world().get("/healthz"));  // so that there is something to count
  const RawAnswer zipped = ask("GET", "/metrics", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(header(zipped, "content-encoding"), "gzip");
  EXPECT_THAT(unzip(zipped.body), HasSubstr("# HELP"));
  const RawAnswer plain = ask("GET", "/metrics", "");
  EXPECT_EQ(header(plain, "content-encoding"), "(none)");
  EXPECT_GE(plain.body.size(), server::kLeastGzipBytes);
  EXPECT_LT(zipped.body.size(), plain.body.size() / 2);
  EXPECT_EQ(header(ask("GET", "/healthz", "Accept-Encoding: gzip\r\n"), "content-encoding"), "(none)") << "it is small";
  EXPECT_EQ(header(ask("GET", "/page/app.js", "Accept-Encoding: gzip\r\n"), "content-encoding"), "gzip");
}

TEST(Compression, NotOfRawBytesAndStreams) {
  world().open("zipped", 1);
  const std::string value(5000, 'v');
  static_cast<void>(world().send({"zipped", PartitionId{0}, "k", value, {}, {}}));
  const RawAnswer whole = ask("GET", "/api/v1/topics/zipped/messages/0/0", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(nlohmann::json::parse(unzip(whole.body))["value"], value);
  EXPECT_EQ(header(whole, "cache-control"), "no-store");
  EXPECT_EQ(header(whole, "x-content-type-options"), "nosniff");
  const RawAnswer raw = ask("GET", "/api/v1/topics/zipped/messages/0/0/value", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(header(raw, "content-encoding"), "(none)");
  EXPECT_EQ(raw.body, value);
  const RawAnswer stream = ask("GET", "/api/v1/search?topic=zipped&stream=1", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(header(stream, "content-encoding"), "(none)");
  EXPECT_EQ(header(stream, "x-accel-buffering"), "no");
}

TEST(Cors, IsOffUnlessTheSettingsNameAnOrigin) {
  World closed;
  const RawAnswer answer = ask("GET", "/api/v1/topics", "Origin: https://tools.example\r\n", closed.url());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header(answer, "access-control-allow-origin"), "(none)");
  const std::string asking = "Origin: https://tools.example\r\nAccess-Control-Request-Method: POST\r\n";
  const RawAnswer refused = ask("OPTIONS", "/api/v1/topics", asking, closed.url());
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(header(refused, "allow"), "GET, HEAD, POST");
}

TEST(Cors, LetsTheNamedOriginIn) {
  const RawAnswer answer = ask("GET", "/api/v1/topics", "Origin: https://tools.example\r\n");
  EXPECT_EQ(header(answer, "access-control-allow-origin"), "https://tools.example");
  EXPECT_THAT(header(answer, "vary"), HasSubstr("Origin"));
  EXPECT_THAT(header(answer, "access-control-expose-headers"), HasSubstr("X-Request-Id"));
  const std::string asking = "Origin: https://tools.example\r\nAccess-Control-Request-Method: POST\r\n";
  const RawAnswer granted = ask("OPTIONS", "/api/v1/topics", asking);
  EXPECT_EQ(granted.status, 204);
  EXPECT_EQ(header(granted, "access-control-allow-methods"), "GET, HEAD, POST");
  EXPECT_THAT(header(granted, "access-control-allow-headers"), HasSubstr("Authorization"));
  const std::string other = "Origin: https://other.example\r\nAccess-Control-Request-Method: POST\r\n";
  EXPECT_EQ(ask("OPTIONS", "/api/v1/topics", other).status, 405);
  EXPECT_EQ(header(ask("GET", "/api/v1/topics", other), "access-control-allow-origin"), "(none)");
  EXPECT_EQ(ask("OPTIONS", "/nothing", asking).status, 404);
}

TEST(Cors, PagesThatMayNotReadChangeNothingEither) {
  const auto send = [](const std::string& origin) {
    const std::string body = R"({"nonsense":1})";
    return ask("POST", "/api/v1/topics", origin + "Content-Length: " + std::to_string(body.size()) + "\r\n",
               world().url(), body);
  };
  EXPECT_EQ(send("Origin: https://other.example\r\n").status, 403);
  EXPECT_EQ(send("Origin: null\r\n").status, 403);
  EXPECT_EQ(send("").status, 400) << "from no page";
  EXPECT_EQ(send("Origin: https://tools.example\r\n").status, 400);
  EXPECT_EQ(send("Origin: " + world().url() + "\r\n").status, 400) << "from our own";
  EXPECT_EQ(send("Origin: https://other.example\r\nSec-Fetch-Site: same-origin\r\n").status, 400) << "behind a proxy";
}

TEST(Methods, HeadIsGetWithoutABody) {
  const RawAnswer head = ask("HEAD", "/api/v1/topics", "");
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(header(head, "content-length"), "(none)");
  EXPECT_EQ(ask("HEAD", "/api/v1/search?topic=none", "").status, 404);
  EXPECT_EQ(ask("BREW", "/api/v1/topics", "").status, 405);
}

TEST(AccessLog, HasTheIdAndThePathButNotWhatWasLookedFor) {
  std::ostringstream lines;
  const auto known = spdlog::get("kseek");
  if (known != nullptr) spdlog::drop("kseek");
  const auto logger =
      std::make_shared<spdlog::logger>("kseek", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));
  spdlog::register_logger(logger);
  server::Request request;
  request.id = "id-1";
  request.method = "GET";
  using std::chrono::milliseconds;
  server::Response answer;
  answer.status = 404;
  answer.body = "12345";
  server::log_request(request, "/api/a\nb?q=secret", answer, milliseconds(3), true);
  server::log_request(request, "/not-shown", answer, milliseconds(3), false);
  answer.status = 500;
  server::log_request(request, "/failed", answer, milliseconds(3), false);
  spdlog::drop("kseek");
  if (known != nullptr) spdlog::register_logger(known);
  EXPECT_THAT(lines.str(), HasSubstr("request id=id-1 method=GET path=/api/a?b status=404 bytes=5 ms=3.0"));
  EXPECT_THAT(lines.str(), Not(HasSubstr("secret")));
  EXPECT_THAT(lines.str(), Not(HasSubstr("not-shown")));
  EXPECT_THAT(lines.str(), HasSubstr("[error] request id=id-1 method=GET path=/failed"));
}

}  // namespace
}  // namespace kseek::testing
