// /api/v1/timeline: messages over time, from the blocks' metadata.
#include <fmt/format.h>

#include <charconv>

#include "base/time.h"
#include "query/timeline.h"
#include "server/json.h"
#include "server/routes.h"
#include "server/search_params.h"

namespace kseek::server {
namespace {

constexpr size_t kDefaultBuckets = 60;

Result<size_t> buckets_of(std::string_view text) {
  if (text.empty()) return kDefaultBuckets;
  size_t buckets = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), buckets);
  if (error == std::errc() && end == text.data() + text.size() && buckets >= 1 &&
      buckets <= query::kMaxTimelineBuckets) {
    return buckets;
  }
  return Error{ErrorCode::kInvalid, fmt::format("buckets is \"{}\"", text),
               fmt::format("expected 1 to {}", query::kMaxTimelineBuckets)};
}

Result<Response> timeline(const Services& services, const Request& request) {
  std::vector<Parameter> scope;
  for (const Parameter& parameter : request.query) {
    if (parameter.name != "buckets") scope.push_back(parameter);
  }
  KSEEK_ASSIGN(query::SearchRequest asked, parse_search(scope, now()));
  KSEEK_TRY(permit_topics(services.store, request, asked));
  KSEEK_ASSIGN(const size_t buckets, buckets_of(request.parameter("buckets")));
  KSEEK_ASSIGN(const auto line, query::count_over_time(services.store, asked, buckets));
  return Response{.body = timeline_json(line)};
}

}  // namespace

void add_timeline_routes(Router& router, const Services& services) {
  router.add({"GET",
              "/api/v1/timeline",
              Lane::kSearch,
              {"topic", "partition", "time", "buckets"},
              [services](const Request& r) { return timeline(services, r); },
              Need::kSearch});
}

}  // namespace kseek::server
