// Any bytes as a query text: refused with a place and a reason, or a condition that can be said, planned and matched.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "query/implied_terms.h"
#include "query/index_filter.h"
#include "query/matcher.h"
#include "query/query_text.h"

namespace {

using kseek::query::Condition;

constexpr kseek::Timestamp kAskedAt{1'795'168'800'000};

void plan(const Condition& condition) {
  for (const Condition& child : condition.children) plan(child);
  for (const auto& clause : kseek::query::implied_clauses(condition)) {
    if (clause.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto condition = kseek::query::parse_query(text, kAskedAt);
  if (!condition) {
    if (condition.error().code != kseek::ErrorCode::kInvalid || condition.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = kseek::query::parse_query(text, kAskedAt);
  if (!again || !(*again == *condition)) std::abort();
  if (condition->to_string().empty()) std::abort();
  plan(*condition);
  const kseek::query::IndexFilter filter(*condition);
  kseek::query::Matcher matcher(*condition);
  kseek::store::StoredMessage message;
  message.key = text;
  message.value = R"({"a":[1,{"b":"x y"}],"n":4.2e1})";
  (void)matcher.matches(message, kseek::TimeKind::kCreate);
  return 0;
}
