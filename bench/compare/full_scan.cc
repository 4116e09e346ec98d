#include "bench/compare/full_scan.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace kseek::bench {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The code point at text[at] (well-formed UTF-8 is assumed; a stray byte is itself), and how many bytes it has.
std::pair<uint32_t, size_t> decode(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[at + i])); };
  const uint32_t first = byte(0);
  const size_t left = text.size() - at;
  if (first >= 0xF0 && left >= 4) {
    return {((first & 7) << 18) | ((byte(1) & 63) << 12) | ((byte(2) & 63) << 6) | (byte(3) & 63), 4};
  }
  if (first >= 0xE0 && left >= 3) return {((first & 15) << 12) | ((byte(1) & 63) << 6) | (byte(2) & 63), 3};
  if (first >= 0xC0 && left >= 2) return {((first & 31) << 6) | (byte(1) & 63), 2};
  return {first, 1};
}

bool is_ideograph(uint32_t c) { return (c >= 0x3040 && c < 0xA000) || (c >= 0xF900 && c < 0xFB00) || c >= 0x20000; }
bool is_foreign_punctuation(uint32_t c) {
  return (c < 0xC0 && c != 0xAA && c != 0xB5 && c != 0xBA) || (c >= 0x2000 && c < 0x2C00) ||
         (c >= 0x3000 && c < 0x3040) || (c >= 0xFF00 && c < 0xFF10) || (c >= 0xFF1A && c < 0xFF21) || c == 0xFFFD;
}

/// Whether UAX 29 finds no boundary at `middle`.
bool joins(char left, char middle, char right) {
  if (middle == '.' || middle == '\'') {
    return (is_letter(left) && is_letter(right)) || (is_digit(left) && is_digit(right));
  }
  if (middle == ':') return is_letter(left) && is_letter(right);
  return (middle == ',' || middle == ';') && is_digit(left) && is_digit(right);
}

bool is_joined(std::string_view text, size_t begin, size_t end) {
  const auto at = [&](size_t i) { return i < text.size() ? text[i] : ' '; };
  if (at(begin - 1) == '_' || at(end) == '_') return true;
  return (begin >= 2 && joins(text[begin - 2], text[begin - 1], text[begin])) ||
         joins(text[end - 1], at(end), at(end + 1));
}

uint32_t four_bytes(const char* at) {
  uint32_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}
size_t filter_bit(uint32_t bytes) { return (bytes * 0x9E3779B1U) >> 16; }

}  // namespace

FullScan::FullScan(const std::vector<Question>& questions) {
  asked_.reserve(questions.size());
  for (const Question& question : questions) {
    asked_.push_back({&question, {}, {}});
    const size_t number = asked_.size() - 1;
    switch (question.form) {
      case Question::Form::kKey: by_key_[question.text].push_back(number); break;
      case Question::Form::kPrefix:
      case Question::Form::kInfix:
        assert(question.text.size() >= sizeof(uint32_t));
        by_four_bytes_[four_bytes(question.text.data())].push_back(number);
        four_bytes_filter_.set(filter_bit(four_bytes(question.text.data())));
        break;
      default:
        fold(question.text);
        find_words();
        for (const Word& word : words_) asked_.back().words.emplace_back(word.text);
        assert(!asked_.back().words.empty());
        by_first_word_[asked_.back().words.front()].push_back(number);
    }
  }
}

void FullScan::look_at(const MessageView& message) {
  if (message.key) {
    if (const auto key = by_key_.find(*message.key); key != by_key_.end()) {
      for (const size_t question : key->second) found(question, message, false);
    }
  }
  fold(message.value.value_or(""));
  find_words();
  for (size_t i = 0; i < words_.size(); ++i) {
    look_for_words_at(i, message);
    look_inside(words_[i], message);
  }
}

std::vector<Position> FullScan::newest(size_t question, Rule rule) const {
  std::vector<Position> positions;
  for (const Found& one : asked_[question].newest[rule]) positions.push_back(one.position);
  return positions;
}

void FullScan::fold(std::string_view text) {
  folded_.assign(text);
  for (char& c : folded_) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
}

void FullScan::find_words() {
  words_.clear();
  const std::string_view text = folded_;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    bool ideograph = false;
    while (at < text.size() && !ideograph) {
      if (is_digit(text[at]) || (text[at] >= 'a' && text[at] <= 'z')) {
        ++at;
        continue;
      }
      if (static_cast<unsigned char>(text[at]) < 0x80) break;
      const auto [code_point, bytes] = decode(text, at);
      if (is_foreign_punctuation(code_point)) break;
      ideograph = is_ideograph(code_point);
      if (ideograph && at > begin) break;
      at += bytes;
    }
    if (at > begin) {
      words_.push_back({text.substr(begin, at - begin), !ideograph && is_joined(text, begin, at)});
    } else {
      at += decode(text, at).second;
    }
  }
}

void FullScan::look_for_words_at(size_t word, const MessageView& message) {
  const auto asked = by_first_word_.find(words_[word].text);
  if (asked == by_first_word_.end()) return;
  for (const size_t question : asked->second) match_word(question, word, message);
}

void FullScan::match_word(size_t question, size_t word, const MessageView& message) {
  const std::vector<std::string>& wanted = asked_[question].words;
  bool joined = words_[word].joined;
  if (asked_[question].question->form == Question::Form::kAnd) {
    for (size_t i = 1; i < wanted.size(); ++i) {
      if (!has_word(wanted[i], true)) return;
      joined = joined || !has_word(wanted[i], false);
    }
  } else {
    if (words_.size() - word < wanted.size()) return;
    for (size_t i = 1; i < wanted.size(); ++i) {
      if (words_[word + i].text != wanted[i]) return;
      joined = joined || words_[word + i].joined;
    }
  }
  found(question, message, joined);
}

void FullScan::look_inside(const Word& word, const MessageView& message) {
  for (size_t at = 0; at + sizeof(uint32_t) <= word.text.size(); ++at) {
    const uint32_t bytes = four_bytes(word.text.data() + at);
    if (!four_bytes_filter_[filter_bit(bytes)]) continue;
    const auto asked = by_four_bytes_.find(bytes);
    if (asked == by_four_bytes_.end()) continue;
    for (const size_t number : asked->second) {
      const Question& question = *asked_[number].question;
      const bool prefix = question.form == Question::Form::kPrefix;
      if (prefix && at > 0) continue;
      if (word.text.substr(at).starts_with(question.text)) found(number, message, prefix && word.joined);
    }
  }
}

void FullScan::found(size_t question, const MessageView& message, bool joined) {
  Asked& asked = asked_[question];
  const auto& times = asked.question->times;
  const int64_t time = message.create_time.ms;
  if (times && (time < times->first || time > times->second)) return;
  const Found found{time, {message.partition, message.offset}};
  for (const Rule rule : {kWords, kUax29}) {
    if (rule == kUax29 && joined) continue;
    std::vector<Found>& newest = asked.newest[rule];
    const auto place = std::find_if(newest.begin(), newest.end(), [&](const Found& other) { return other <= found; });
    if (place != newest.end() && *place == found) continue;
    newest.insert(place, found);
    if (newest.size() > kNewest) newest.pop_back();
  }
}

bool FullScan::has_word(std::string_view text, bool allow_joined) const {
  return std::any_of(words_.begin(), words_.end(),
                     [&](const Word& word) { return word.text == text && (allow_joined || !word.joined); });
}

}  // namespace kseek::bench
