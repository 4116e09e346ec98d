// The expected answers: all questions put to every message, one after the other, with a notion of a word that is simple
// and shares no code with the engine: a run of ASCII letters and digits, whatever their case, or of other letters; a
// Chinese character is a word of its own. Good for the texts that the benchmark asks for; not for all of Unicode.
//
// Two rules, because analysers differ and nobody shall be timed for wrong answers:
//   words   as above
//   uax29   a word that Unicode's word boundaries (UAX 29, Lucene's StandardTokenizer) join to its neighbour is not
//           found: "com.shop.order" and "trace_id" are one word there
// One thread.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/compare/question.h"
#include "bench/data_generator.h"

namespace kseek::bench {

class FullScan {
 public:
  enum Rule : uint8_t { kWords, kUax29, kRules };
  /// The questions must outlive it. REQUIRES: texts of prefixes and infixes have at least 4 bytes.
  explicit FullScan(const std::vector<Question>& questions);
  void look_at(const MessageView& message);
  /// The newest ten of question number `question` (in the vector), newest first.
  [[nodiscard]] std::vector<Position> newest(size_t question, Rule rule) const;

 private:
  struct Word {
    std::string_view text;  // in folded_
    bool joined = false;    // by uax29 part of a longer word
  };
  struct Found {
    int64_t time;
    Position position;
    auto operator<=>(const Found&) const = default;
  };
  struct Asked {
    const Question* question;
    std::vector<std::string> words;
    std::vector<Found> newest[kRules];  // newest first
  };
  static constexpr size_t kFilterBits = 1 << 16;

  void ask_at(const std::string& first_word, size_t question);
  void fold(std::string_view text);
  void find_words();
  void look_for_words_at(size_t word, const MessageView& message);
  void look_inside(const Word& word, const MessageView& message);
  void match_word(size_t question, size_t word, const MessageView& message);
  void found(size_t question, const MessageView& message, bool joined);
  [[nodiscard]] bool has_word(std::string_view text, bool allow_joined) const;

  std::vector<Asked> asked_;
  std::unordered_map<std::string_view, std::vector<size_t>> by_first_word_;
  std::unordered_map<std::string_view, std::vector<size_t>> by_key_;
  std::unordered_map<uint32_t, std::vector<size_t>> by_four_bytes_;  // prefixes and infixes
  std::bitset<kFilterBits> four_bytes_filter_;
  std::string folded_;
  std::vector<Word> words_;
};

}  // namespace kseek::bench
