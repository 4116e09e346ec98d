// Which operators of the grammar of docs/query.md conditions use, and below which others: to see that random queries
// leave none out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "query/condition.h"

namespace kseek::query {

class OperatorCensus {
 public:
  /// `text`: what `condition` was read from.
  void count(std::string_view text, const Condition& condition);
  /// Operators, and pairs of one below another ("OR > NOT"), that were never counted.
  [[nodiscard]] std::vector<std::string> missing() const;

 private:
  void count(const Condition& condition, const std::string& parent);
  void count_field(const Condition& field);
  void count_phrase(const tokenizer::Phrase& phrase);

  std::map<std::string, uint64_t> counts_;
};

}  // namespace kseek::query
