#include "bench/compare/question_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string_view>

namespace kseek::bench {
namespace {

using Form = Question::Form;
using Random = std::mt19937_64;
constexpr uint64_t kSeed = 7;
constexpr int64_t kMinuteMs = 60'000;
constexpr size_t kFrequentWords = 20;
constexpr size_t kMessagesWithRare = 8;  // for "rare and frequent": some of them have the frequent one too
constexpr size_t kIdeographs = 5;
constexpr size_t kIdeographBytes = 3;

std::string rare_word(size_t i) { return fmt::format("zyx{}wvq", i * 7919 + 104'729); }
std::string companion_word(size_t i) { return fmt::format("qzj{}xkv", i * 104'729 + 7919); }
std::string word(size_t rank) { return std::string(MessageGenerator::word(rank)); }

class Questions {
 public:
  void add(const std::string& kind, Form form, std::string text,
           std::optional<std::pair<int64_t, int64_t>> times = std::nullopt) {
    const std::string id = fmt::format("{}-{}", kind, count_[kind]++);
    all_.push_back({id, kind, form, std::move(text), times});
  }
  std::vector<Question> take() {
    std::stable_sort(all_.begin(), all_.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return std::move(all_);
  }

 private:
  static size_t rank(const Question& question) {
    static constexpr auto kOrder = std::to_array<std::string_view>(
        {"rare word", "UUID", "key", "key and time", "frequent word", "rare AND frequent", "two middling, AND",
         "phrase", "phrase, frequent words", "Chinese phrase", "prefix*", "*infix*", "nothing"});
    return static_cast<size_t>(std::find(kOrder.begin(), kOrder.end(), question.kind) - kOrder.begin());
  }
  std::vector<Question> all_;
  std::map<std::string, size_t> count_;
};

/// The first UUID in a text, or nothing.
std::string find_uuid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const auto fits = [&](size_t at) {
    for (size_t i = 0; i < kShape.size(); ++i) {
      const char c = text[at + i];
      const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      if (kShape[i] == '-' ? c != '-' : !hex) return false;
    }
    return true;
  };
  for (size_t at = 0; at + kShape.size() <= text.size(); ++at) {
    if (fits(at)) return std::string(text.substr(at, kShape.size()));
  }
  return "";
}

/// The first run of Chinese characters of the size that is asked for, or nothing.
std::string find_ideographs(std::string_view text) {
  const auto is_ideograph = [&](size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    return first >= 0xE4 && first <= 0xE9;  // U+4000..U+9FFF
  };
  for (size_t begin = 0; begin + kIdeographs * kIdeographBytes <= text.size(); ++begin) {
    size_t count = 0;
    while (count < kIdeographs && is_ideograph(begin + count * kIdeographBytes)) ++count;
    if (count == kIdeographs) return std::string(text.substr(begin, kIdeographs * kIdeographBytes));
  }
  return "";
}

/// Questions about what the messages have anyway: UUIDs, keys, Chinese text.
void draw_from_messages(MessageGenerator& generator, uint64_t messages, size_t each, Random& random,
                        Questions& questions) {
  size_t uuids = 0;
  size_t keys = 0;
  size_t chinese = 0;
  const uint64_t tries = each * 1'000;  // a small file may lack some kind
  for (uint64_t i = 0; i < tries && (uuids < each || keys < each || chinese < each); ++i) {
    const MessageView message = generator.at(random() % messages);
    const std::string_view value = *message.value;
    if (const std::string uuid = find_uuid(value); !uuid.empty() && uuids < each) {
      questions.add("UUID", Form::kPhrase, uuid);
      ++uuids;
    }
    if (message.key && message.key->starts_with("order-") && keys < each) {
      const int64_t time = message.create_time.ms;
      questions.add("key", Form::kKey, std::string(*message.key));
      questions.add("key and time", Form::kKey, std::string(*message.key), {{time - kMinuteMs, time + kMinuteMs}});
      ++keys;
    }
    const size_t text = value.find(R"("text":")");
    if (text == std::string_view::npos || chinese >= each) continue;
    if (const std::string found = find_ideographs(value.substr(text)); !found.empty()) {
      questions.add("Chinese phrase", Form::kPhrase, found);
      ++chinese;
    }
  }
}

/// ASCII words of a line, in lower case; others part them.
std::vector<std::string> ascii_words(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      words.back() += static_cast<char>(std::tolower(c));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool is_plain_word(const std::string& text) {
  return text.size() >= 5 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

std::vector<Question> plant_questions(MessageGenerator& generator, uint64_t messages, size_t each) {
  Random random(kSeed);
  Questions questions;
  draw_from_messages(generator, messages, each, random, questions);
  for (size_t i = 0; i < each; ++i) {
    const std::string rare = rare_word(i);
    generator.plant(random() % messages, rare);
    questions.add("rare word", Form::kWord, rare);
    questions.add("prefix*", Form::kPrefix, rare.substr(0, 7));
    questions.add("*infix*", Form::kInfix, rare.substr(1, rare.size() - 2));
    const std::string companion = companion_word(i);
    for (size_t k = 0; k < kMessagesWithRare; ++k) generator.plant(random() % messages, companion);
    generator.plant(random() % messages, companion + " beside " + word(i % kFrequentWords));
    questions.add("rare AND frequent", Form::kAnd, companion + " " + word(i % kFrequentWords));
    generator.plant(random() % messages, word(3'000 + i) + " beside " + word(4'000 + i));
    questions.add("two middling, AND", Form::kAnd, word(3'000 + i) + " " + word(4'000 + i));
    generator.plant(random() % messages, word(1'000 + i) + " " + word(2'000 + i));
    questions.add("phrase", Form::kPhrase, word(1'000 + i) + " " + word(2'000 + i));
    questions.add("phrase, frequent words", Form::kPhrase,
                  fmt::format("{} {} {} {}", word(i % 5), word(5 + i % 7), word(i % 3), word(3 + i % 11)));
    questions.add("nothing", Form::kWord, fmt::format("nosuchword{}", i));
  }
  for (size_t i = 0; i < std::min(each, kFrequentWords); ++i) questions.add("frequent word", Form::kWord, word(i));
  return questions.take();
}

std::vector<RealMessage> read_real_messages(const std::string& dir) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir)) {
    const std::string extension = file.path().extension().string();
    if (file.is_regular_file() && (extension == ".log" || extension == ".ndjson")) files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<RealMessage> messages;
  const int64_t start_ms = GeneratorOptions{}.start.ms;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    for (std::string line; std::getline(in, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      const auto number = static_cast<int64_t>(messages.size());
      messages.push_back({file.stem().string(), line, start_ms + number * 10});
    }
  }
  return messages;
}

std::vector<Question> draw_questions(const std::vector<RealMessage>& messages, size_t each) {
  std::map<std::string, uint64_t> count;
  for (const RealMessage& message : messages) {
    for (const std::string& one : ascii_words(message.value)) ++count[one];
  }
  std::vector<std::pair<uint64_t, std::string>> plain;
  std::vector<std::string> rare;
  for (const auto& [text, times] : count) {
    if (is_plain_word(text)) plain.emplace_back(times, text);
    if (times == 1 && text.size() >= 8) rare.push_back(text);
  }
  std::sort(plain.rbegin(), plain.rend());
  Random random(kSeed);
  std::shuffle(rare.begin(), rare.end(), random);
  Questions questions;
  for (size_t i = 0; i < std::min(each, rare.size()); ++i) {
    questions.add("rare word", Form::kWord, rare[i]);
    questions.add("prefix*", Form::kPrefix, rare[i].substr(0, 7));
    questions.add("*infix*", Form::kInfix, rare[i].substr(1, rare[i].size() - 2));
    questions.add("nothing", Form::kWord, fmt::format("nosuchword{}", i));
  }
  for (size_t i = 0; i < std::min({each, kFrequentWords, plain.size()}); ++i) {
    questions.add("frequent word", Form::kWord, plain[i].second);
  }
  for (size_t i = 0; i + 60 < std::min<size_t>(each + 60, plain.size()); ++i) {
    questions.add("two middling, AND", Form::kAnd, plain[i + 60].second + " " + plain[i + 30].second);
  }
  for (size_t i = 0, tries = 0; i < each && tries < each * 100; ++tries) {
    const RealMessage& message = messages[random() % messages.size()];
    const std::vector<std::string> words = ascii_words(message.value);
    if (words.size() < 3) continue;
    const size_t at = random() % (words.size() - 2);
    if (!is_plain_word(words[at]) || !is_plain_word(words[at + 1])) continue;
    questions.add("phrase", Form::kPhrase, words[at] + " " + words[at + 1]);
    questions.add("key and time", Form::kKey, message.key, {{message.time_ms - 500, message.time_ms + 500}});
    ++i;
  }
  return questions.take();
}

}  // namespace kseek::bench
