// server/openapi.json describes what the server does, no more and no less. That every answer is as it says is checked
// with each answer that the tests of this folder get (World).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/result.h"
#include "tests/server/api_document.h"
#include "tests/server/event_reader.h"
#include "tests/server/json_schema.h"
#include "tests/server/world.h"

namespace kseek::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;
using Json = nlohmann::json;
using Names = std::set<std::string>;

World& world() {
  static World shared;
  static const bool opened = [] {
    shared.open("orders", 2);
    static_cast<void>(shared.send({"orders", PartitionId{0}, "order-1", "payment timeout", {}, {}}));
    return true;
  }();
  static_cast<void>(opened);
  return shared;
}

/// "GET /api/v1/topics/{}" of a method and a path of the document.
std::string route_name(std::string method, const std::string& path) {
  std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::toupper(c); });
  std::string pattern;
  bool inside = false;
  for (const char c : path) {
    if (c == '}') inside = false;
    if (!inside) pattern += c;
    if (c == '{') inside = true;
  }
  return method + " " + pattern;
}

/// The names of an operation's parameters that stand in `in`.
Names parameters_in(const Json& operation, const std::string& in) {
  Names names;
  for (const Json& entry : operation["parameters"]) {
    const Json& parameter = resolve(api_document(), entry);
    if (parameter["in"] == in) names.insert(parameter["name"].get<std::string>());
  }
  return names;
}

Names placeholders(const std::string& path) {
  Names names;
  for (size_t begin = path.find('{'); begin != std::string::npos; begin = path.find('{', begin + 1)) {
    names.insert(path.substr(begin + 1, path.find('}', begin) - begin - 1));
  }
  return names;
}

TEST(OpenApi, HasTheServersRoutesAndTheirParameters) {
  std::map<std::string, Names> served;
  for (const server::Route& route : world().routes()) {
    served[route.method + " " + route.pattern] = Names(route.parameters.begin(), route.parameters.end());
  }
  std::map<std::string, Names> described;
  for (const auto& [path, operations] : api_document()["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      described[route_name(method, path)] = parameters_in(operation, "query");
      EXPECT_EQ(parameters_in(operation, "path"), placeholders(path)) << method << " " << path;
    }
  }
  EXPECT_EQ(described, served);
  EXPECT_GE(served.size(), 25U);
}

void expect_references_lead_somewhere(const Json& node) {
  if (node.is_object() && node.contains("$ref")) {
    EXPECT_NO_THROW(static_cast<void>(resolve(api_document(), node))) << node;
  }
  for (const Json& part : node) {
    if (part.is_structured()) expect_references_lead_somewhere(part);
  }
}

TEST(OpenApi, IsWhole) {
  EXPECT_EQ(api_document()["openapi"], "3.1.0");
  expect_references_lead_somewhere(api_document());
  Names ids;
  for (const auto& path : api_document()["paths"]) {
    for (const auto& operation : path) {
      EXPECT_TRUE(ids.insert(operation["operationId"]).second) << operation["operationId"];
      for (const auto& body : operation.value("requestBody", Json::object()).value("content", Json::object())) {
        EXPECT_THAT(misfits(api_document(), body["schema"], body["example"]), IsEmpty());
      }
    }
  }
}

TEST(OpenApi, NamesEveryErrorCode) {
  const Json& codes =
      api_document()["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"];
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    EXPECT_THAT(codes, ::testing::Contains(to_string(static_cast<ErrorCode>(code))));
  }
}

TEST(OpenApi, IsServed) {
  const RawAnswer answer = world().get("/openapi.json");
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(answer.json(), api_document());
  RawConnection connection(world().url());
  EXPECT_TRUE(connection.send(
      "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: " + answer.headers.at("etag") + "\r\n\r\n"));
  EXPECT_EQ(connection.read_answer()->status, 304);
}

/// What the server says it knows, when a body has a member that it doesn't.
Names known_members(const RawAnswer& refused) {
  EXPECT_EQ(refused.status, 400) << refused.body;
  std::string list = refused.json()["error"]["hint"];
  const size_t known = list.find(": ");
  if (known == std::string::npos) return {};  // it takes none
  list.erase(0, known + 2);
  Names names;
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(", ", begin), list.size());
    names.insert(list.substr(begin, end - begin));
    begin = end + 2;
  }
  return names;
}

TEST(OpenApi, HasTheMembersOfEveryBody) {
  size_t bodies = 0;
  for (const auto& [path, operations] : api_document()["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      if (!operation.contains("requestBody")) continue;
      std::string target = path;
      if (const size_t at = target.find("{topic}"); at != std::string::npos) target.replace(at, 7, "orders");
      std::string name = route_name(method, "");
      name.pop_back();
      const Json& schema = operation["requestBody"]["content"]["application/json"]["schema"];
      Names described;
      for (const auto& member : resolve(api_document(), schema)["properties"].items()) described.insert(member.key());
      EXPECT_EQ(known_members(world().call(name, target, R"({"nonsense":1})")), described) << method << " " << path;
      ++bodies;
    }
  }
  EXPECT_EQ(bodies, 8U);
}

TEST(OpenApi, HasTheEventsOfStreams) {
  const std::map<std::string, std::string> schemas{
      {"hits", "Hits"}, {"progress", "Progress"}, {"summary", "Summary"}, {"skipped", "Skipped"}, {"error", "Error"}};
  EventReader stream(world().url(), "/api/v1/search?topic=orders&q=payment&explain=1&stream=1");
  EXPECT_EQ(stream.head().headers.at("content-type"), "text/event-stream; charset=utf-8");
  Names seen;
  while (const auto event = stream.next()) {
    seen.insert(event->name);
    ASSERT_TRUE(schemas.contains(event->name)) << event->name;
    const Json& schema = api_document()["components"]["schemas"][schemas.at(event->name)];
    EXPECT_THAT(misfits(api_document(), schema, event->data), IsEmpty()) << event->name;
  }
  EXPECT_EQ(seen, (Names{"hits", "summary"}));
}

TEST(OpenApi, TheCheckItselfFindsWhatIsWrong) {
  const auto answer = [](int status, const std::string& body) {
    return RawAnswer{status, {{"content-type", "application/json"}, {"x-request-id", "x"}}, body};
  };
  EXPECT_EQ(complaint("GET", "/api/v1/jobs", answer(200, R"({"jobs":[]})")), "");
  EXPECT_THAT(complaint("GET", "/api/v1/jobs", answer(200, R"({"jobs":[],"more":1})")), HasSubstr("has \"more\""));
  EXPECT_THAT(complaint("GET", "/api/v1/jobs", answer(200, R"({})")), HasSubstr("lacks \"jobs\""));
  EXPECT_THAT(complaint("GET", "/api/v1/jobs", answer(200, R"({"jobs":[{"id":"1"}]})")),
              HasSubstr("/jobs/0/id: is string"));
  EXPECT_THAT(complaint("GET", "/api/v1/jobs", answer(418, "{}")), HasSubstr("418"));
  EXPECT_THAT(complaint("GET", "/nothing", answer(200, "{}")), HasSubstr("not refused"));
  EXPECT_THAT(complaint("GET", "/api/v1/jobs", RawAnswer{200, {{"x-request-id", "x"}}, "{}"}),
              HasSubstr("content type"));
  EXPECT_THAT(
      complaint("GET", "/healthz", RawAnswer{200, {{"content-type", "application/json"}}, R"({"status":"ok"})"}),
      HasSubstr("X-Request-Id"));
  const Json schema = {{"type", "integer"}, {"minimum", 2}, {"oddness", true}};
  EXPECT_THAT(misfits({}, schema, 1), UnorderedElementsAreArray({": 1 is below 2", ": unknown keyword \"oddness\""}));
}

}  // namespace
}  // namespace kseek::testing
