// The questions that kseek and every peer are asked, and the file they stand in: a line each, parts apart by tabs,
//
//   id · kind · form · text · from ms · to ms
//
// The form says what the text is: "word", "phrase" (words as a person types them; a UUID is one), "and" (words apart
// by spaces), "prefix" and "infix" (letters that a word begins with, or has inside), "key" (the whole key). All but
// "key" are about the value. The answer is the newest ten: by (timestamp, partition, offset), each descending.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kseek::bench {

struct Question {
  enum class Form : uint8_t { kWord, kPhrase, kAnd, kPrefix, kInfix, kKey };
  std::string id;    ///< "rare word-17"
  std::string kind;  ///< "rare word": the row of the table
  Form form = Form::kWord;
  std::string text;
  std::optional<std::pair<int64_t, int64_t>> times;  ///< ms, both included
};

inline constexpr size_t kNewest = 10;

/// Ends the program when the file can't be written or read.
void write_questions(const std::vector<Question>& questions, const std::filesystem::path& path);
[[nodiscard]] std::vector<Question> read_questions(const std::filesystem::path& path);

/// Parts of a text, apart by a character; empty ones too.
[[nodiscard]] std::vector<std::string> split(const std::string& text, char separator);

}  // namespace kseek::bench
