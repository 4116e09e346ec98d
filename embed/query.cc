// Queries built in code, from the pieces that the query text is made of.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/time.h"
#include "embed/convert.h"
#include "embed/query_impl.h"
#include "query/field_operand.h"
#include "query/query_text.h"

namespace kseek::v1 {
namespace {

using kseek::query::Condition;
using kseek::query::JsonPath;
using kseek::query::Operand;
using kseek::query::Scope;
using kseek::query::Target;
using OurError = kseek::Error;
template <class T>
using OurResult = kseek::Result<T>;

Query make(OurResult<Condition> condition) {
  auto impl = std::make_shared<Query::Impl>();
  if (condition) {
    impl->condition = *std::move(condition);
  } else {
    impl->error = std::move(condition).error();
  }
  return Query(std::move(impl));
}

Query fail(std::string message, std::string hint) {
  return make(OurError{kseek::ErrorCode::kInvalid, std::move(message), std::move(hint)});
}

Target target_of(const Where& where) {
  switch (where.in) {
    case Where::In::kKey: return Scope::kKey;
    case Where::In::kValue: return Scope::kValue;
    case Where::In::kHeader: return {Scope::kHeader, where.name};
    case Where::In::kAnyHeader: return Scope::kHeader;
    case Where::In::kKeyOrValue:
    case Where::In::kField: break;
  }
  return Scope::kKeyOrValue;
}

OurResult<Condition> field(std::string_view path_text, const Operand& operand) {
  KSEEK_ASSIGN(const JsonPath path, kseek::query::parse_json_path(path_text));
  return kseek::query::json_condition(path, operand);
}

Query condition_of(const Where& where, const Operand& operand) {
  if (where.in == Where::In::kField) return make(field(where.name, operand));
  if (where.in == Where::In::kHeader && where.name.empty()) {
    return fail("the name of the header is empty", "Where::any_header() is any");
  }
  return make(kseek::query::text_condition(target_of(where), operand));
}

Query test_of(std::string_view path, std::string_view word) {
  return make(field(path, {Operand::Kind::kWord, word, false}));
}

bool is_number(std::string_view text) { return kseek::query::parse_json_number(text).has_value(); }

/// `join` of the conditions; `queries` has no error.
template <class Join>
Query combined(const std::vector<Query>& queries, Join&& join) {
  std::vector<Condition> conditions;
  for (const Query& query : queries) {
    if (query.impl()->error) return query;
    if (query.impl()->condition) conditions.push_back(*query.impl()->condition);
  }
  return join(std::move(conditions));
}

}  // namespace

Query::Query() : impl_(std::make_shared<Impl>()) {}
Query::Query(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Query::Query(const Query&) noexcept = default;
Query& Query::operator=(const Query&) noexcept = default;
Query::~Query() = default;

Query Query::text(std::string_view query_text) { return make(kseek::query::parse_query(query_text, kseek::now())); }

Query Query::phrase(std::string_view words, const Where& where) {
  return condition_of(where, {Operand::Kind::kQuoted, words, false});
}

Query Query::regex(std::string_view pattern, const Where& where, bool ignore_case) {
  return condition_of(where, {Operand::Kind::kRegex, pattern, ignore_case});
}

Query Query::field_exists(std::string_view path) { return test_of(path, "*"); }
Query Query::field_is_null(std::string_view path) { return test_of(path, "null"); }
Query Query::field_is(std::string_view path, bool value) { return test_of(path, value ? "true" : "false"); }

Query Query::field_equals(std::string_view path, std::string_view number) {
  if (!is_number(number)) return fail(fmt::format("\"{}\" is not a number", number), "write it as JSON does: -1.5e3");
  return field_between(path, number, number);
}

Query Query::field_equals(std::string_view path, std::int64_t number) {
  return field_equals(path, fmt::format("{}", number));
}

Query Query::field_between(std::string_view path, std::string_view low, std::string_view high) {
  if (low.empty() && high.empty()) return fail("a range without ends", "field_exists() is any value");
  for (const std::string_view end : {low, high}) {
    if (!end.empty() && !is_number(end)) {
      return fail(fmt::format("\"{}\" is not a number", end), "write it as JSON does: -1.5e3");
    }
  }
  return test_of(path, fmt::format("{}..{}", low, high));
}

Query Query::partitions(const std::vector<std::int32_t>& partitions) {
  auto ids = kseek::embed::from_api(partitions);
  if (!ids) return make(std::move(ids).error());
  return make(Condition::of_partitions(*std::move(ids)));
}

Query Query::offsets(std::int64_t first, std::int64_t last) {
  if (first < 0 || last < first) return fail(fmt::format("offsets {} to {} are none", first, last), "");
  return make(Condition::of_offsets({{first}, {last}}));
}

Query Query::times(std::optional<TimePoint> first, std::optional<TimePoint> last) {
  const auto range = kseek::embed::from_api(first, last);
  if (range.last < range.first) return fail("the times end before they begin", "write the earlier one first");
  return make(Condition::of_times(range));
}

Query Query::all_of(const std::vector<Query>& queries) {
  return combined(queries, [](std::vector<Condition> conditions) {
    return conditions.empty() ? Query() : make(Condition::all_of(std::move(conditions)));
  });
}

Query Query::any_of(const std::vector<Query>& queries) {
  return combined(queries, [&queries](std::vector<Condition> conditions) {
    if (queries.empty()) return fail("any_of() has nothing to choose from", "give it a query");
    if (conditions.size() < queries.size()) return Query();  // one of them is everything
    return make(Condition::any_of(std::move(conditions)));
  });
}

Query operator!(const Query& query) {
  return combined({query}, [](std::vector<Condition> conditions) {
    if (conditions.empty()) return fail("the opposite of everything finds nothing", "negate a condition");
    return make(Condition::none_of(std::move(conditions.front())));
  });
}

std::optional<Error> Query::error() const {
  return impl_->error ? std::optional(kseek::embed::to_api(*impl_->error)) : std::nullopt;
}

std::string Query::to_string() const {
  if (impl_->error) return "(" + impl_->error->message + ")";
  return impl_->condition ? impl_->condition->to_string() : "";
}

}  // namespace kseek::v1
