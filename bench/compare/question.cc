#include "bench/compare/question.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "bench/measure.h"

namespace kseek::bench {
namespace {

constexpr std::array<std::string_view, 6> kForms = {"word", "phrase", "and", "prefix", "infix", "key"};
constexpr size_t kParts = 6;

Question::Form parse_form(const std::string& name) {
  const auto* const found = std::find(kForms.begin(), kForms.end(), name);
  if (found == kForms.end()) fail("an unknown form of question: " + name);
  return static_cast<Question::Form>(found - kForms.begin());
}

}  // namespace

void write_questions(const std::vector<Question>& questions, const std::filesystem::path& path) {
  std::ofstream out(path, std::ios::binary);
  for (const Question& question : questions) {
    out << question.id << '\t' << question.kind << '\t' << kForms.at(static_cast<size_t>(question.form)) << '\t'
        << question.text << '\t';
    if (question.times) out << question.times->first;
    out << '\t';
    if (question.times) out << question.times->second;
    out << '\n';
  }
  if (!out.flush()) fail("cannot write " + path.string());
}

std::vector<Question> read_questions(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("cannot open " + path.string());
  std::vector<Question> questions;
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> parts = split(line, '\t');
    if (parts.size() != kParts) fail("a question has other than " + std::to_string(kParts) + " parts: " + line);
    Question question{parts[0], parts[1], parse_form(parts[2]), parts[3], std::nullopt};
    if (!parts[4].empty()) question.times = {std::stoll(parts[4]), std::stoll(parts[5])};
    questions.push_back(std::move(question));
  }
  return questions;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = 0; (end = text.find(separator, begin)) != std::string::npos; begin = end + 1) {
    parts.push_back(text.substr(begin, end - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace kseek::bench
