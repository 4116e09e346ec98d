// Random queries as text, from the grammar of docs/query.md, and what they mean to the oracle.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tests/query/random_text.h"

namespace kseek::query {

struct QueryText {
  std::string text;
  OracleCondition oracle;
};

class RandomQuery {
 public:
  /// `now`: what relative times count from. `random_time`: times near which messages stand, and some far away.
  RandomQuery(RandomText& random, Timestamp now, std::function<Timestamp()> random_time)
      : random_(random), now_(now), random_time_(std::move(random_time)) {}

  /// parse_query takes its text, and the condition has the shape of the oracle's.
  QueryText query() { return any(1 + static_cast<int>(random_.below(3)), {}); }

 private:
  /// The field that stands before the parentheses around, or none.
  struct Field {
    OracleCondition oracle;  // scope and header, or path
    bool json = false;
    bool inherited = false;
  };
  using Join = QueryText (RandomQuery::*)(int depth, const Field& field);

  QueryText any(int depth, const Field& field);
  QueryText all(int depth, const Field& field);
  QueryText negated(int depth, const Field& field);
  QueryText primary(int depth, const Field& field);
  QueryText joined(Condition::Kind kind, Join part, int depth, const Field& field);
  /// A field's name with its colon; what it says goes to `field`.
  std::string field_name(Field& field);
  QueryText operand(const Field& field);
  QueryText text_operand(const Field& field);
  QueryText regex_operand(const Field& field);
  QueryText json_operand(const Field& field);
  /// A phrase in quotation marks, or one word with separators inside.
  std::string phrase(bool quoted, std::vector<OracleToken>& tokens);
  std::string range(OracleTest& test);
  QueryText partitions();
  QueryText offsets();
  QueryText times();
  std::string time_text(Timestamp time);
  std::string space();

  RandomText& random_;
  Timestamp now_;
  std::function<Timestamp()> random_time_;
};

}  // namespace kseek::query
