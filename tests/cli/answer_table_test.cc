// Answers as people see them: marks, widths, and text that must not drive the terminal.
#include "cli/answer_table.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/terminal.h"

namespace kseek::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

Json hit(const std::string& value, const Json& matched) {
  return {{"topic", "orders"}, {"partition", 1}, {"offset", 42},      {"timestamp", "2026-11-20T10:00:00.000Z"},
          {"key", "order-1"},  {"value", value}, {"matched", matched}};
}

std::string answer(const Json& hits) {
  const Json row{{"topic", "orders"}, {"partition", 1}, {"lag", 3}};
  return Json{{"hits", hits},
              {"complete", true},
              {"more", true},
              {"cursor", "abc"},
              {"took_ms", 1.25},
              {"coverage", Json::array({row})},
              {"incomplete_because", Json::array()}}
      .dump();
}

Json in_value(size_t begin, size_t end) { return Json::array({{{"in", "value"}, {"begin", begin}, {"end", end}}}); }

TEST(HitLine, IsOneLineOfFixedPlaces) {
  const Json one = hit("a\npayment", in_value(2, 9));
  EXPECT_EQ(hit_line(one.dump(), {.columns = 120}),
            "2026-11-20T10:00:00.000Z  orders              1          42  order-1               a payment\n");
  EXPECT_THAT(hit_line(one.dump(), {.columns = 120, .mark = true}), HasSubstr("\x1b[1;4mpayment\x1b[0m"));
  EXPECT_THAT(hit_line("{", {}), HasSubstr("not a hit's"));
}

TEST(AnswerTable, MarksMatchesOnlyWhenAsked) {
  const std::string json = answer(Json::array({hit("a payment timeout here", in_value(2, 17))}));
  const std::string marked = answer_table(json, {100, true}).value();
  EXPECT_THAT(marked, HasSubstr("a \x1b[1;4mpayment timeout\x1b[0m here"));
  const std::string plain = answer_table(json, {100, false}).value();
  EXPECT_THAT(plain, HasSubstr("a payment timeout here"));
  EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
  EXPECT_THAT(plain, HasSubstr("1 hit in 1.2 ms; 1 partition, lag 3; complete"));
  EXPECT_THAT(plain, HasSubstr("--cursor abc"));
}

TEST(AnswerTable, NoLineIsWiderThanTheTerminal) {
  std::string wide;
  for (int i = 0; i < 60; ++i) wide += "宽字符 wide ";
  const std::string json = answer(Json::array({hit(wide, in_value(0, 3)), hit("short", Json::array())}));
  for (const int columns : {80, 81, 120, 200}) {
    std::istringstream lines(answer_table(json, {columns, false}).value());
    for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), columns) << line;
  }
}

TEST(AnswerTable, ShowsTheMatchFarInside) {
  const std::string value = std::string(500, 'x') + " needle " + std::string(500, 'y');
  const std::string table = answer_table(answer(Json::array({hit(value, in_value(501, 507))})), {100, false}).value();
  EXPECT_THAT(table, HasSubstr("needle"));
  EXPECT_THAT(table, HasSubstr("…x"));
}

TEST(AnswerTable, ShowsAMatchBehindWhatIsShown) {
  Json far = hit(std::string(1024, 'x'), Json::array());
  far["snippet"] = {{"in", "value"}, {"at", 5000}, {"text", "aa needle bb"}};
  far["snippet"]["matched"] = Json::array({{{"begin", 3}, {"end", 9}}});
  const std::string table = answer_table(answer(Json::array({far})), {100, true}).value();
  EXPECT_THAT(table, HasSubstr("…aa \x1b[1;4mneedle\x1b[0m bb"));
  far["snippet"]["text"] = "aa needle " + std::string(300, 'b');
  for (const int columns : {80, 81, 82, 100}) {
    std::istringstream lines(answer_table(answer(Json::array({far})), {columns, false}).value());
    for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), columns) << line;
  }
}

TEST(MessagesTable, SaysWhereToGoOn) {
  const Json row{{"topic", "orders"}, {"partition", 1}, {"lag", 0}};
  Json message = hit("a value", Json::array());
  message.erase("matched");
  Json page{{"messages", Json::array({message})},
            {"complete", true},
            {"more", true},
            {"cursor", nullptr},
            {"took_ms", 1.25},
            {"coverage", Json::array({row})},
            {"begins_at", 40},
            {"next_offset", 43},
            {"gaps", Json::array({{{"first", 40}, {"last", 41}}})},
            {"notes", Json::array({"offsets 2 to 39 have expired"})}};
  std::string table = messages_table(page.dump(), {100, false}).value();
  EXPECT_THAT(table, HasSubstr("a value"));
  EXPECT_THAT(table, HasSubstr("1 message in 1.2 ms"));
  EXPECT_THAT(table, HasSubstr("offsets 2 to 39 have expired"));
  EXPECT_THAT(table, HasSubstr("no message has offsets 40 to 41"));
  EXPECT_THAT(table, HasSubstr("more: --offset 43"));
  page["next_offset"] = nullptr;
  page["cursor"] = "abc";
  EXPECT_THAT(messages_table(page.dump(), {100, false}).value(), HasSubstr("more: --cursor abc"));
  EXPECT_FALSE(messages_table("{}", {}));
}

TEST(AnswerTable, ControlCharactersDoNotReachTheTerminal) {
  const std::string table =
      answer_table(answer(Json::array({hit("a\x1b[31m\x07\nb\u009b2J", Json::array())})), {100, true}).value();
  EXPECT_THAT(table, HasSubstr("a·[31m· b·2J"));
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
}

TEST(AnswerTable, WhatTurnsTheDirectionOfTextDoesNotReachTheTerminal) {
  const std::string table =
      answer_table(answer(Json::array({hit("a\u202egpj.exe \u2066x\u2069 \u200f\u061cשלום é", Json::array())})),
                   {100, true})
          .value();
  EXPECT_THAT(table, HasSubstr("a·gpj.exe ·x· ··שלום é"));
}

TEST(AnswerTable, RefusesOtherJson) {
  EXPECT_FALSE(answer_table("{}", {}));
  EXPECT_FALSE(answer_table("nonsense", {}));
  EXPECT_FALSE(answer_table(R"({"hits":7})", {}));
}

TEST(Terminal, FitsWideCharacters) {
  EXPECT_EQ(columns_of("你好ab"), 6);
  EXPECT_EQ(fit("你好ab", 6, false), "你好ab");
  EXPECT_EQ(fit("你好ab", 5, true), "你好…");
  EXPECT_EQ(fit("你好ab", 4, true), "你… ");
  EXPECT_EQ(fit("ab", 4, true), "ab  ");
  EXPECT_EQ(fit("a\xff"
                "b",
                10, false),
            "a·b");
  EXPECT_EQ(fit("", 3, true), "   ");
}

}  // namespace
}  // namespace kseek::cli
