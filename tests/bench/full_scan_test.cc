// The benchmark's expected answers are only worth something if its full scan is right.
#include "bench/compare/full_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "bench/compare/message_file.h"
#include "bench/compare/question_maker.h"

namespace kseek::bench {
namespace {

using Form = Question::Form;

MessageView message_at(int64_t offset, std::string_view value, std::optional<std::string_view> key = std::nullopt) {
  MessageView message;
  message.partition = PartitionId{0};
  message.offset = Offset{offset};
  message.create_time = Timestamp{1'000 + offset};
  message.key = key;
  message.value = value;
  return message;
}

/// Offsets of the newest ten that a question finds in these values (their offsets count from 0).
std::vector<int64_t> ask(Form form, const std::string& text, const std::vector<std::string>& values,
                         FullScan::Rule rule = FullScan::kWords) {
  const std::vector<Question> questions = {{"q-0", "q", form, text, std::nullopt}};
  FullScan scan(questions);
  for (size_t i = 0; i < values.size(); ++i) scan.look_at(message_at(static_cast<int64_t>(i), values[i]));
  std::vector<int64_t> offsets;
  for (const Position& at : scan.newest(0, rule)) offsets.push_back(at.offset.value);
  return offsets;
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(FullScan, FindsWholeWordsWhateverTheirCase) {
  EXPECT_THAT(ask(Form::kWord, "order", {"Order!", "orders", R"({"a":"order"})", "re-order", "ordér"}),
              ElementsAre(3, 2, 0));
}

TEST(FullScan, FindsPhrasesAndAllOfSomeWords) {
  const std::vector<std::string> values = {"payment timeout", "timeout payment", "payment, timeout",
                                           "payment the timeout"};
  EXPECT_THAT(ask(Form::kPhrase, "payment timeout", values), ElementsAre(2, 0));
  EXPECT_THAT(ask(Form::kAnd, "payment timeout", values), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(ask(Form::kPhrase, "4bf92f35-77b3", {"x=4bf92f35-77b3;", "4bf92f35 77b4"}), ElementsAre(0));
}

TEST(FullScan, FindsChineseWhereItStands) {
  EXPECT_THAT(ask(Form::kPhrase, "支付超时", {"订单支付超时了", "支付，超时", "支付 超 时", "pay支付超时"}),
              ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(ask(Form::kPhrase, "支付超时", {"支付未超时"}), IsEmpty());
}

TEST(FullScan, FindsPartsOfWords) {
  EXPECT_THAT(ask(Form::kPrefix, "zyx1", {"zyx12", "azyx12", "zyx2"}), ElementsAre(0));
  EXPECT_THAT(ask(Form::kInfix, "yx12", {"zyx12", "azyx123", "yx1 2", "yx12 yx12"}), ElementsAre(3, 1, 0));
}

TEST(FullScan, KnowsWhatUnicodesBoundariesJoin) {
  const std::vector<std::string> values = {"com.shop.order", "order.", "trace_order", "order:1", "a:order"};
  EXPECT_THAT(ask(Form::kWord, "order", values), ElementsAre(4, 3, 2, 1, 0));
  EXPECT_THAT(ask(Form::kWord, "order", values, FullScan::kUax29), ElementsAre(3, 1));
}

TEST(FullScan, KeepsTheNewestTenByTimePartitionAndOffset) {
  const std::vector<Question> questions = {{"q-0", "q", Form::kWord, "word", std::nullopt}};
  FullScan scan(questions);
  for (int64_t i = 0; i < 25; ++i) {
    MessageView message = message_at(i / 2, "word");
    message.partition = PartitionId{static_cast<int32_t>(i % 2)};
    scan.look_at(message);
  }
  const std::vector<Position> newest = scan.newest(0, FullScan::kWords);
  ASSERT_EQ(newest.size(), 10U);
  EXPECT_EQ(newest[0], (Position{PartitionId{0}, Offset{12}}));
  EXPECT_EQ(newest[1], (Position{PartitionId{1}, Offset{11}}));
  EXPECT_EQ(newest[9], (Position{PartitionId{1}, Offset{7}}));
}

TEST(FullScan, KeysAreWholeAndTimesIncludeBothEnds) {
  const std::vector<Question> questions = {{"q-0", "q", Form::kKey, "order-1", {{1'001, 1'002}}}};
  FullScan scan(questions);
  for (int64_t i = 0; i < 5; ++i) scan.look_at(message_at(i, "", i == 2 ? "order-12" : "order-1"));
  const std::vector<Position> newest = scan.newest(0, FullScan::kWords);
  ASSERT_EQ(newest.size(), 1U);
  EXPECT_EQ(newest[0].offset, Offset{1});
}

TEST(QuestionMaker, WhatIsPlantedIsFound) {
  constexpr uint64_t kMessages = 20'000;
  MessageGenerator generator(1, 4);
  const std::vector<Question> questions = plant_questions(generator, kMessages, 20);
  FullScan scan(questions);
  for (uint64_t i = 0; i < kMessages; ++i) scan.look_at(generator.next());
  for (size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].kind == "phrase, frequent words") continue;  // not planted
    EXPECT_EQ(scan.newest(i, FullScan::kWords).empty(), questions[i].kind == "nothing") << questions[i].id;
  }
}

TEST(MessageFile, GivesBackWhatWasWritten) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / "kseek_message_file_test";
  MessageFileWriter writer(path);
  writer.write(message_at(0, "value", "key"));
  writer.write(message_at(1, ""));
  writer.write(message_at(2, std::string(5'000'000, 'x'), ""));
  writer.close();
  MessageFileReader reader(path);
  auto message = reader.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->key, "key");
  EXPECT_EQ(message->value, "value");
  EXPECT_EQ(message->create_time, Timestamp{1'000});
  message = reader.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->key, std::nullopt);
  EXPECT_EQ(message->value, "");
  message = reader.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->offset, Offset{2});
  EXPECT_EQ(message->key, "");
  EXPECT_EQ(message->value->size(), 5'000'000U);
  EXPECT_FALSE(reader.next());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace kseek::bench
