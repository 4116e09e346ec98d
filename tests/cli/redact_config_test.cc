// [[redact]] of kseek.toml: what is read, and what is said of what is wrong.
#include "cli/redact_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cli/serve_config.h"
#include "indexer/live_redactor.h"
#include "tests/server/temp_dir.h"

namespace kseek::cli {
namespace {

using ::testing::HasSubstr;

/// What a file with this text makes of the value; or the error.
std::string redacted(const std::string& toml, std::string_view value) {
  const testing::TempDir dir;
  const std::string path = dir.file("kseek.toml");
  std::ofstream(path) << toml;
  ServeConfig config;
  if (const auto read = read_config(path, config); !read) {
    return read.error().message.substr(path.size()) + "; " + read.error().hint;
  }
  if (config.indexer.redactor->rules() == nullptr) return "no rules";
  MessageView message;
  message.value = value;
  indexer::Redactor::Bytes bytes;
  config.indexer.redactor->rules()->redact("orders", {&message, 1}, bytes);
  return std::string(*message.value);
}

TEST(RedactConfig, RulesAreRead) {
  const std::string rules =
      "[server]\nlisten = \"127.0.0.1:1\"\n"
      "[[redact]]\ntopics = \"ord*\"\nregex = '\\d{4}'\nreplacement = \"#\"\nin = [\"value\", \"key\"]\n"
      "[[redact]]\ntopics = [\"other\", \"orders\"]\nfield = \"a.b\"\nnot_json = \"replace\"\n"
      "[[redact]]\ntopics = \"*\"\nheader = \"authorization\"\n";
  EXPECT_EQ(redacted(rules, R"({"a":{"b":1,"c":"1234"}})"), R"({"a":{"b":"***","c":"#"}})");
  EXPECT_EQ(redacted(rules, "text"), "***");
  EXPECT_EQ(redacted("[server]\n", "x"), "no rules");
}

TEST(RedactConfig, WhatIsWrongIsSaidWithItsLine) {
  const std::string rule = "[[redact]]\ntopics = \"*\"\n";
  EXPECT_THAT(redacted(rule + "regex = \"(\"\n", ""), HasSubstr(", line 1: [[redact]] /(/: missing"));
  EXPECT_THAT(redacted(rule, ""), HasSubstr("it needs one of field, regex and header"));
  EXPECT_THAT(redacted("[[redact]]\nregex = \"x\"\n", ""), HasSubstr("it names no topics"));
  EXPECT_THAT(redacted(rule + "nonsense = 1\n", ""), HasSubstr(", line 3: [[redact]] has no setting \"nonsense\""));
  EXPECT_THAT(redacted(rule + "field = 1\n", ""), HasSubstr("expected a text"));
  EXPECT_THAT(redacted(rule + "field = \"a\"\nin = \"body\"\n", ""),
              HasSubstr("\"body\" is none of key, value, headers"));
  EXPECT_THAT(redacted(rule + "field = \"a\"\nnot_json = \"drop\"\n", ""), HasSubstr("\"keep\" or \"replace\""));
  EXPECT_THAT(redacted("redact = 1\n", ""), HasSubstr("write [[redact]] above each rule"));
  EXPECT_THAT(redacted("[redact]\ntopics = \"*\"\n", ""), HasSubstr("write [[redact]] above each rule"));
}

}  // namespace
}  // namespace kseek::cli
