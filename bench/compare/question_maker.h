// Makes the questions: for the synthetic messages (what is looked for is planted, or drawn from them), and for real
// texts (drawn from them). The same seed, the same questions.
#pragma once

#include <string>
#include <vector>

#include "bench/compare/question.h"
#include "bench/data_generator.h"

namespace kseek::bench {

/// Plants rare words and phrases in the generator's first `messages` messages, and returns the questions of all kinds,
/// `each` of a kind at most. REQUIRES: messages > 0; the generator has given none yet.
[[nodiscard]] std::vector<Question> plant_questions(MessageGenerator& generator, uint64_t messages, size_t each);

/// A message of real data: a line of a file whose name is the key.
struct RealMessage {
  std::string key;
  std::string value;
  int64_t time_ms = 0;
};
/// Every line of the files below `dir` (*.log, *.ndjson), files in the order of their names.
[[nodiscard]] std::vector<RealMessage> read_real_messages(const std::string& dir);
[[nodiscard]] std::vector<Question> draw_questions(const std::vector<RealMessage>& messages, size_t each);

}  // namespace kseek::bench
