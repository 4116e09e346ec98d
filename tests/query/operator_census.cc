#include "tests/query/operator_census.h"

#include <cmath>

namespace kseek::query {
namespace {

using Kind = Condition::Kind;

std::string name_of(Kind kind) {
  switch (kind) {
    case Kind::kPhrase: return "phrase";
    case Kind::kRegex: return "regex";
    case Kind::kField: return "field";
    case Kind::kPartitions: return "partition:";
    case Kind::kOffsets: return "offset:";
    case Kind::kTimes: return "time:";
    case Kind::kAnd: return "AND";
    case Kind::kOr: return "OR";
    case Kind::kNot: return "NOT";
  }
  return "?";
}

std::string scope_of(const Target& target) {
  switch (target.scope) {
    case Scope::kKey: return "key:";
    case Scope::kValue: return "value:";
    case Scope::kKeyOrValue: return "no field";
    case Scope::kHeader: return target.header.empty() ? "header:" : "header.NAME:";
  }
  return "?";
}

std::vector<std::string> all_operators() {
  std::vector<std::string> all = {
      "written AND",  "written OR",  "written NOT", "written -",      "written (",    "written \"", "written \\",
      "word",         "words",       "* in a word", "? in a word",    "lone *",       "path .name", "path [n]",
      "path [*]",     "field *",     "field null",  "field string",   "field number", "field true", "field /regex/",
      "field >",      "field >=",    "field <",     "field <=",       "field A..B",   "regex /i",   "offset: one",
      "offset: A..B", "offset: A..", "offset: ..B", "partition: many"};
  const std::vector<Kind> leaves = {Kind::kPhrase,     Kind::kRegex,   Kind::kField,
                                    Kind::kPartitions, Kind::kOffsets, Kind::kTimes};
  const std::vector<Kind> inner = {Kind::kAnd, Kind::kOr, Kind::kNot};
  for (const Kind parent : inner) {
    for (const Kind leaf : leaves) all.push_back(name_of(parent) + " > " + name_of(leaf));
    for (const Kind child : inner) all.push_back(name_of(parent) + " > " + name_of(child));
  }
  for (const char* scope : {"key:", "value:", "no field", "header:", "header.NAME:"}) {
    all.push_back(std::string(scope) + " phrase");
    all.push_back(std::string(scope) + " regex");
  }
  return all;
}

}  // namespace

void OperatorCensus::count(std::string_view text, const Condition& condition) {
  for (const std::string_view written : {"AND", "OR", "NOT", "-", "(", "\"", "\\"}) {
    if (text.find(written) != std::string_view::npos) ++counts_["written " + std::string(written)];
  }
  count(condition, "");
}

void OperatorCensus::count(const Condition& condition, const std::string& parent) {
  const std::string name = name_of(condition.kind);
  if (!parent.empty()) ++counts_[parent + " > " + name];
  for (const Condition& child : condition.children) count(child, name);
  switch (condition.kind) {
    case Kind::kPhrase:
      ++counts_[scope_of(condition.target) + " phrase"];
      count_phrase(condition.phrase);
      break;
    case Kind::kRegex:
      ++counts_[scope_of(condition.target) + " regex"];
      if (condition.regex.ignore_case) ++counts_["regex /i"];
      break;
    case Kind::kField: count_field(condition); break;
    case Kind::kPartitions:
      if (condition.partitions.size() > 1) ++counts_["partition: many"];
      break;
    case Kind::kOffsets: {
      const bool from = condition.offsets.first != kMinOffset;
      const bool to = condition.offsets.last != kMaxOffset;
      if (condition.offsets.first == condition.offsets.last) ++counts_["offset: one"];
      if (from || to) ++counts_[from && to ? "offset: A..B" : from ? "offset: A.." : "offset: ..B"];
      break;
    }
    default: break;
  }
}

void OperatorCensus::count_phrase(const tokenizer::Phrase& phrase) {
  ++counts_[phrase.tokens.size() > 1 ? "words" : "word"];
  for (const tokenizer::TokenPattern& token : phrase.tokens) {
    const std::string text = token.to_string();
    if (token.is_any()) {
      ++counts_["lone *"];
      continue;
    }
    if (text.find('*') != std::string::npos) ++counts_["* in a word"];
    if (text.find('?') != std::string::npos) ++counts_["? in a word"];
  }
}

void OperatorCensus::count_field(const Condition& field) {
  for (const JsonPath::Step& step : field.path.steps) {
    using StepKind = JsonPath::Step::Kind;
    ++counts_[step.kind == StepKind::kName ? "path .name" : step.kind == StepKind::kAny ? "path [*]" : "path [n]"];
  }
  const FieldTest& test = field.test;
  switch (test.kind) {
    case FieldTest::Kind::kExists: ++counts_["field *"]; break;
    case FieldTest::Kind::kNull: ++counts_["field null"]; break;
    case FieldTest::Kind::kRegex: ++counts_["field /regex/"]; break;
    case FieldTest::Kind::kWord:
      ++counts_[test.number ? "field number" : test.boolean ? "field true" : "field string"];
      break;
    case FieldTest::Kind::kInRange:
      if (std::isinf(test.high)) {
        ++counts_[test.low_open ? "field >" : "field >="];
      } else if (std::isinf(test.low)) {
        ++counts_[test.high_open ? "field <" : "field <="];
      } else {
        ++counts_["field A..B"];
      }
  }
}

std::vector<std::string> OperatorCensus::missing() const {
  std::vector<std::string> missing;
  for (std::string& name : all_operators()) {
    if (!counts_.contains(name)) missing.push_back(std::move(name));
  }
  return missing;
}

}  // namespace kseek::query
