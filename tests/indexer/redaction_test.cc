// What rules of redaction take out, and that nothing of it reaches the store: tailing, starting again with other rules,
// reading again from Kafka, importing.
#include "indexer/redaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "base/redacted.h"
#include "indexer/import.h"
#include "indexer/json_values.h"
#include "indexer/live_redactor.h"
#include "tests/indexer/world.h"
#include "tokenizer/json_text.h"

namespace kseek::indexer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kSecret = "4929518374650192";

RedactionRule field(const std::string& path) { return {.topics = {"*"}, .field = path}; }
RedactionRule regex(const std::string& text) { return {.topics = {"*"}, .regex = text}; }
RedactionRule header(const std::string& name) { return {.topics = {"*"}, .header = name}; }

std::shared_ptr<const Redactor> compiled(const std::vector<RedactionRule>& rules) {
  auto redactor = Redactor::compile(rules);
  EXPECT_TRUE(redactor) << describe(redactor.error());
  return redactor ? *redactor : nullptr;
}

/// What the rules make of a message with this value; nullopt: it was left alone.
std::optional<std::string> redacted(const std::vector<RedactionRule>& rules, std::string_view value) {
  MessageView message;
  message.value = value;
  Redactor::Bytes bytes;
  if (compiled(rules)->redact("orders", {&message, 1}, bytes) == 0) {
    EXPECT_EQ(message.value, value);
    EXPECT_FALSE(is_redacted(message));
    return std::nullopt;
  }
  EXPECT_TRUE(is_redacted(message));
  EXPECT_EQ((*message.headers.begin()).value, "value");
  return std::string(*message.value);
}

TEST(Redaction, OfFieldsKeepsEverythingElse) {
  const std::vector<RedactionRule> card{field("card.number")};
  EXPECT_EQ(redacted(card, R"( {"a" : 1.50, "card":{ "number" :"4929" , "x":[1,{"number":2}]}, "number":"\u0041"}  )"),
            R"( {"a" : 1.50, "card":{ "number" :"***" , "x":[1,{"number":2}]}, "number":"\u0041"}  )");
  EXPECT_EQ(redacted(card, R"({"card":{"number":4929,"number":{"a":"}"}}})"),
            R"({"card":{"number":"***","number":"***"}})");
  EXPECT_EQ(redacted(card, R"({"c\u0061rd":{"n\u0075mber":[1,"]"]}})"), R"({"c\u0061rd":{"n\u0075mber":"***"}})");
  EXPECT_EQ(redacted(card, R"({"card":{"number":null}})"), std::nullopt);
  EXPECT_EQ(redacted(card, R"({"card":[{"number":1}]})"), std::nullopt);
  EXPECT_EQ(redacted(card, R"({"card":{"number":1})"), std::nullopt) << "it is no JSON";
  EXPECT_EQ(redacted({field("[*].pin")}, R"([{"pin":1},{"pin":2},3])"), R"([{"pin":"***"},{"pin":"***"},3])");
  EXPECT_EQ(redacted({field("[1]")}, R"([1, 2 ,3])"), R"([1, "***" ,3])");
  EXPECT_EQ(redacted({field("a"), field("b")}, R"({"b":true,"a":{}})"), R"({"b":"***","a":"***"})");
  const std::string framed("\0\0\0\0\7{\"a\":1}", 12);
  EXPECT_EQ(redacted({field("a")}, framed), std::string("\0\0\0\0\7{\"a\":\"***\"}", 16))
      << "a schema registry's framing";
}

TEST(Redaction, ReplacementsInJsonAreJson) {
  RedactionRule rule = field("a");
  rule.replacement = "\"gone\\\n\"";
  EXPECT_EQ(redacted({rule}, R"({"a":1})"), R"({"a":"\"gone\\\u000a\""})");
  rule.replace_not_json = true;
  EXPECT_EQ(redacted({rule}, R"({"a":1)"), "\"gone\\\n\"") << "as it is, where there is no JSON";
  EXPECT_EQ(redacted({rule}, ""), std::nullopt);
}

TEST(Redaction, OfRegularExpressions) {
  EXPECT_EQ(redacted({regex(R"(\b\d{4}\b)")}, "1234 12345 1234,5678"), "*** 12345 ***,***");
  EXPECT_EQ(redacted({regex(R"(\bx|y)")}, "xx y"), "***x ***");
  EXPECT_EQ(redacted({regex("nothing")}, "x"), std::nullopt);
}

TEST(Redaction, RulesThatCantBe) {
  const auto refusal = [](const RedactionRule& rule) {
    const auto redactor = Redactor::compile({regex("x"), rule});
    return redactor ? std::string("fine") : redactor.error().message;
  };
  EXPECT_THAT(refusal(regex("(")), HasSubstr("redaction rule 2: /(/: missing"));
  EXPECT_THAT(refusal(regex("b*")), HasSubstr("finds empty text"));
  EXPECT_THAT(refusal(field("a..b")), HasSubstr("a name is empty"));
  EXPECT_THAT(refusal({.topics = {}, .regex = "x"}), HasSubstr("names no topics"));
  EXPECT_THAT(refusal({.topics = {"*"}}), HasSubstr("needs one of"));
  EXPECT_THAT(refusal({.topics = {"*"}, .field = "a", .regex = "b"}), HasSubstr("needs one of"));
  RedactionRule odd = header("x");
  odd.in_key = true;
  EXPECT_THAT(refusal(odd), HasSubstr("in the headers"));
}

TEST(Redaction, OfKeysHeadersAndTopics) {
  std::string encoded;
  append_header(encoded, "Authorization", "Bearer abc");
  append_header(encoded, "none", std::nullopt);
  append_header(encoded, "trace", "id 77 abc");
  MessageView message;
  message.key = "user-77";
  message.headers = HeaderList(encoded);
  const auto redactor = compiled({header("auth*"), regex("77"), {.topics = {"other"}, .regex = "user"}});
  Redactor::Bytes bytes;
  EXPECT_EQ(redactor->redact("orders", {&message, 1}, bytes), 1U);
  EXPECT_EQ(message.key, "user-***");
  EXPECT_FALSE(message.value.has_value()) << "a tombstone stays one";
  std::vector<std::string> headers;
  for (const Header& h : message.headers)
    headers.push_back(std::string(h.name) + "=" + std::string(h.value.value_or("(null)")));
  EXPECT_THAT(headers, ::testing::ElementsAre("Authorization=***", "none=(null)", "trace=id *** abc",
                                              "kseek.redacted=key,headers"));
  Redactor::Bytes others;  // the message's views are into the first
  EXPECT_EQ(redactor->redact("orders", {&message, 1}, others), 0U) << "nothing is left to take out";
}

/// Random JSON, and beside it what is to become of it when a.b[*].c is redacted.
class RandomJson {
 public:
  explicit RandomJson(uint32_t seed) : random_(seed) {}

  void value(std::vector<std::string> path, int depth) {
    space();
    const bool secret = path.size() == 4 && path[0] == "a" && path[1] == "b" && path[2] == "[" && path[3] == "c";
    const std::string kept = out;
    bool null = false;
    if (depth > 0 && leads_to_the_secret(path) && below(2) == 0) {  // else hardly any has one
      path.size() == 2 ? array(path, depth) : object(path, depth);
    } else {
      null = any(depth > 0 ? 6 : 4, path, depth);
    }
    if (secret && !null) {
      out = kept + "\"***\"";
      ++secrets;
    }
    space();
  }
  std::string in, out;
  size_t secrets = 0;

 private:
  static bool leads_to_the_secret(const std::vector<std::string>& path) {
    static const std::vector<std::string> way{"a", "b", "["};
    return path.size() <= way.size() && std::equal(path.begin(), path.end(), way.begin());
  }
  size_t below(size_t n) { return random_() % n; }
  void put(const std::string& text) {
    in += text;
    out += text;
  }
  void space() { put(std::vector<std::string>{"", "", " ", "\n\t"}[below(4)]); }

  /// True: null.
  bool any(size_t kinds, const std::vector<std::string>& path, int depth) {
    switch (below(kinds)) {
      case 0: put("null"); return true;
      case 1: put(std::vector<std::string>{"0", "-1.5e3", "true", "false"}[below(4)]); return false;
      case 2: put("\"\\\"{[\\\\\""); return false;
      case 3: put("\"]},:\\u0041\""); return false;
      case 4: array(path, depth); return false;
      default: object(path, depth); return false;
    }
  }
  void array(const std::vector<std::string>& path, int depth) {
    put("[");
    const size_t count = below(4);
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) put(",");
      value(below_path(path, "["), depth - 1);
    }
    if (count == 0) space();
    put("]");
  }
  void object(const std::vector<std::string>& path, int depth) {
    put("{");
    const size_t count = below(5);
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) put(",");
      const size_t name = below(4);
      space();
      put(std::vector<std::string>{"\"a\"", "\"b\"", "\"c\"", "\"\\u0061\""}[name]);
      space();
      put(":");
      value(below_path(path, std::vector<std::string>{"a", "b", "c", "a"}[name]), depth - 1);
    }
    if (count == 0) space();
    put("}");
  }
  static std::vector<std::string> below_path(std::vector<std::string> path, const std::string& step) {
    path.push_back(step);
    return path;
  }

  std::mt19937 random_;
};

TEST(Redaction, OfRandomJsonIsWhatItIsToBe) {
  const char* given = std::getenv("KSEEK_SEED");
  const uint32_t seed = given != nullptr ? static_cast<uint32_t>(std::stoul(given)) : std::random_device{}();
  std::cout << "KSEEK_SEED=" << seed << "\n";
  const auto redactor = compiled({field("a.b[*].c")});
  size_t secrets = 0;
  for (uint32_t i = 0; i < 30'000; ++i) {
    RandomJson json(seed + i);
    json.value({}, 6);
    if (!tokenizer::is_json_container(json.in)) continue;  // a scalar
    MessageView message;
    message.value = json.in;
    Redactor::Bytes bytes;
    redactor->redact("t", {&message, 1}, bytes);
    ASSERT_EQ(*message.value, json.out) << json.in;
    ASSERT_TRUE(tokenizer::is_json_container(*message.value));
    secrets += json.secrets;
  }
  EXPECT_GT(secrets, 500U);
}

/// The secret's places in the files below a directory.
std::vector<std::string> files_with(const std::filesystem::path& directory, const std::string& secret) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    if (bytes.find(secret) != std::string::npos) found.push_back(entry.path().string());
  }
  return found;
}

/// Messages that show the secret, wherever in them it stands.
size_t count_with(const std::vector<Found>& messages, const std::string& secret) {
  size_t count = 0;
  for (const Found& message : messages) {
    std::string all = message.key.value_or("") + "\n" + message.value.value_or("");
    for (const auto& [name, value] : message.headers) all += "\n" + value.value_or("");
    if (all.find(secret) != std::string::npos) ++count;
  }
  return count;
}

/// Secrets in a key, a value, a header, and in what becomes a dead letter.
std::vector<OutgoingMessage> secret_messages(int count) {
  std::vector<OutgoingMessage> messages;
  for (int i = 0; i < count; ++i) {
    OutgoingMessage message =
        message_of("cards", 0, R"({"card":")" + std::string(kSecret) + R"(","n":)" + std::to_string(i) + "}");
    if (i % 3 == 1) message.key = std::string("key ") + kSecret;
    if (i % 3 == 2) message.headers = {{"Authorization", kSecret}};
    messages.push_back(message);
  }
  messages.push_back(message_of("cards", 0, std::string("no JSON: ") + kSecret));
  return messages;
}

std::vector<RedactionRule> card_rules() {
  RedactionRule card = field("card");
  card.replace_not_json = true;
  return {card, header("authorization"), regex(R"(\b\d{16}\b)")};
}

void send(const World& world, const std::vector<OutgoingMessage>& messages) {
  for (const OutgoingMessage& message : messages) ASSERT_TRUE(world.producer->enqueue(message));
  ASSERT_TRUE(world.producer->flush(kPatience));
}

TEST(Redaction, NothingOfItIsInTheStore) {
  World world;
  world.options.redactor = std::make_shared<LiveRedactor>(compiled(card_rules()));
  world.create("cards", 1);
  world.start();
  OpenRequest request;
  request.topic = "cards";
  request.require = store::Require::kJson;
  ASSERT_TRUE(world.indexer->open_topic(request));
  send(world, secret_messages(300));
  world.wait_caught_up("cards");
  EXPECT_EQ(world.scan("cards").size(), 300U);
  EXPECT_EQ(count_with(world.scan("cards"), kSecret), 0U);
  const auto letters = world.store->topic("cards")->dead_letters(10);
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].head, "***");
  ASSERT_TRUE(world.store->topic("cards")->flush());
  world.stop();
  EXPECT_THAT(files_with(world.dir.path(), kSecret), IsEmpty());

  // Without the rules it goes on where it was: the last message is known again, though Kafka's has other bytes.
  world.options.redactor = nullptr;
  world.start();
  send(world, secret_messages(30));
  world.wait_caught_up("cards");
  EXPECT_EQ(world.scan("cards").size(), 330U);
  EXPECT_EQ(count_with(world.scan("cards"), kSecret), 30U) << "this test can see it";
  EXPECT_TRUE(eventually([&] { return world.status("cards").state == TopicState::kRunning; }))
      << world.status("cards").reason;
  world.stop();

  // With them again, a message that was stored as it was sent is known again, too. Reading again takes all of it out.
  world.options.redactor = std::make_shared<LiveRedactor>(compiled(card_rules()));
  world.start();
  send(world, secret_messages(3));
  world.wait_caught_up("cards");
  EXPECT_EQ(count_with(world.scan("cards"), kSecret), 30U);
  const auto job = world.indexer->jobs().reindex({"cards", store::JobSource::kKafka});
  ASSERT_TRUE(job) << describe(job.error());
  ASSERT_TRUE(eventually([&] { return world.indexer->jobs().find(job->id)->state == store::JobState::kDone; }));
  EXPECT_EQ(world.scan("cards").size(), 333U);
  EXPECT_EQ(count_with(world.scan("cards"), kSecret), 0U);
}

/// Rules that are set while messages come hold for those that come from then on.
TEST(Redaction, RulesCanChangeMeanwhile) {
  World world;
  world.options.redactor = std::make_shared<LiveRedactor>();
  world.create("cards", 1);
  world.start();
  world.open("cards");
  send(world, {message_of("cards", 0, kSecret)});
  world.wait_caught_up("cards");
  EXPECT_EQ(world.status("cards").redacted, 0U);
  world.options.redactor->set(compiled({regex(kSecret)}));
  send(world, {message_of("cards", 0, kSecret), message_of("cards", 0, "nothing"), message_of("cards", 0, kSecret)});
  world.wait_caught_up("cards");
  EXPECT_EQ(world.status("cards").redacted, 2U);
  world.options.redactor->set(nullptr);
  send(world, {message_of("cards", 0, kSecret)});
  world.wait_caught_up("cards");
  std::vector<std::string> values;
  for (const Found& message : world.scan("cards")) values.push_back(message.value.value_or("null"));
  EXPECT_THAT(values, ::testing::ElementsAre(kSecret, "***", "nothing", "***", kSecret));
  EXPECT_EQ(world.status("cards").redacted, 2U);
}

TEST(Redaction, WhatATopicRefusesIsReplacedWhereNoRuleCanReadIt) {
  const auto rules = compiled({field("card")});
  const auto value_after = [&](std::string_view value, Unreadable unreadable) {
    MessageView message;
    message.key = value;
    message.value = value;
    Redactor::Bytes bytes;
    rules->redact("t", {&message, 1}, bytes, unreadable);
    EXPECT_EQ(message.key, value) << "the rule is of values";
    return std::string(*message.value);
  };
  EXPECT_EQ(value_after("no JSON", unreadable_in(store::Require::kAnything)), "no JSON");
  EXPECT_EQ(value_after("no JSON", unreadable_in(store::Require::kUtf8)), "no JSON") << "the topic takes it";
  EXPECT_EQ(value_after("\xff", unreadable_in(store::Require::kUtf8)), "***");
  EXPECT_EQ(value_after("no JSON", unreadable_in(store::Require::kJson)), "***");
  EXPECT_EQ(value_after("", unreadable_in(store::Require::kJson)), "");
  EXPECT_EQ(value_after(R"({"card":1})", unreadable_in(store::Require::kJson)), R"({"card":"***"})");
  EXPECT_EQ(value_after("no JSON", Unreadable::kAny), "***");
  RedactionRule of_keys = field("card");
  of_keys.in_key = true;
  MessageView message;
  message.key = "no JSON";
  Redactor::Bytes bytes;
  EXPECT_EQ(compiled({of_keys})->redact("t", {&message, 1}, bytes, Unreadable::kNoJsonValue), 0U);
  EXPECT_EQ(compiled({of_keys})->redact("t", {&message, 1}, bytes, Unreadable::kAny), 1U);
  EXPECT_EQ(message.key, "***");
}

/// What is sent on to a topic of dead letters is redacted, too, and what no rule can read is left out.
TEST(Redaction, OfDeadLettersThatAreSentOn) {
  World world;
  world.options.redactor = std::make_shared<LiveRedactor>(
      compiled({{.topics = {"cards"}, .field = "card"}, {.topics = {"cards"}, .header = "authorization"}}));
  world.create("cards", 1);
  world.create("plain", 1);
  world.create("letters", 1);
  world.start();
  world.open("letters");
  for (const char* topic : {"cards", "plain"}) {
    OpenRequest request;
    request.topic = topic;
    request.require = store::Require::kJson;
    request.dead_letter_topic = "letters";
    ASSERT_TRUE(world.indexer->open_topic(request));
    OutgoingMessage message = message_of(topic, 0, std::string(R"({"card":")") + kSecret);
    message.key = "the key";
    message.headers = {{"Authorization", kSecret}, {"trace", "4bf9"}};
    send(world, {message});
    world.wait_caught_up(topic);
    const auto letters = world.store->topic(topic)->dead_letters(10);
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].head.find(kSecret) != std::string::npos, topic == std::string("plain")) << letters[0].head;
  }
  ASSERT_TRUE(eventually([&] { return world.scan("letters").size() >= 2; }));
  for (const Found& letter : world.scan("letters")) {
    std::map<std::string, std::string> headers;
    for (const auto& [name, value] : letter.headers) headers[name] = value.value_or("null");
    EXPECT_EQ(letter.key, "the key");
    EXPECT_EQ(headers["trace"], "4bf9");
    EXPECT_EQ(headers["__connect.errors.offset"], "0");
    if (headers["__connect.errors.topic"] == "plain") {
      EXPECT_EQ(count_with({letter}, kSecret), 1U) << "this test can see it";
      EXPECT_FALSE(headers.contains(std::string(kRedactedHeader)));
      continue;
    }
    EXPECT_EQ(count_with({letter}, kSecret), 0U);
    EXPECT_EQ(letter.value, "***");
    EXPECT_EQ(headers["Authorization"], "***");
    EXPECT_EQ(headers[std::string(kRedactedHeader)], "value,headers");
  }
}

TEST(Redaction, OfImports) {
  const TempDir dir;
  auto store = store::Store::open(dir.path() / "data", store::OpenMode::kOwner, {});
  ASSERT_TRUE(store);
  store::TopicConfig config;
  config.name = "dump";
  config.source = store::Source::kImport;
  auto topic = (*store)->create_topic(config);
  ASSERT_TRUE(topic);
  std::istringstream input(R"({"topic":"t","partition":0,"offset":0,"ts":1,"key":"k","payload":"card )" +
                           std::string(kSecret) + "\"}\n" +
                           R"({"topic":"t","partition":0,"offset":1,"ts":1,"key":"k","payload":"none"})" + "\n");
  ImportOptions options;
  options.redactor = compiled(card_rules());
  ASSERT_TRUE(import_dump(**topic, input, "dump", options, nullptr));
  const auto messages = scan(**topic);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].value, "***") << "of a field's rule: it is no JSON";
  EXPECT_EQ(messages[1].value, "***");
  EXPECT_EQ(messages[1].headers.at(0).first, kRedactedHeader);
}

}  // namespace
}  // namespace kseek::indexer
