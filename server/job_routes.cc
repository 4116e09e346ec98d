// Jobs (/api/v1/jobs, /api/v1/topics/{t}/reindex), and the dead letters of a topic.
#include <fmt/format.h>

#include "server/job_json.h"
#include "server/read_number.h"
#include "server/routes.h"

namespace kseek::server {
namespace {

constexpr size_t kDeadLettersAPage = 100;
constexpr size_t kMostDeadLetters = 1000;

Result<uint64_t> job_id(const Request& request) {
  uint64_t id = 0;
  if (read_number(request.captures[0], id)) return id;
  return Error{ErrorCode::kNotFound, fmt::format("there is no job \"{}\"", request.captures[0]), "a job is a number"};
}

Result<Response> start_reindex(const Services& services, const Request& request) {
  KSEEK_TRY(find_topic(services.store, request.captures[0]));
  KSEEK_ASSIGN(const auto asked, parse_reindex_body(request.captures[0], request.body));
  KSEEK_ASSIGN(const auto job, services.indexer.jobs().reindex(asked));
  return Response{.status = 202, .body = job_json(job)};
}

/// A job on a topic that the caller may not see is not there.
Result<indexer::JobStatus> find_job(const Services& services, const Request& request, uint64_t id) {
  auto job = services.indexer.jobs().find(id);
  if (!job || may_see(request, job->topic)) return job;
  return Error{ErrorCode::kNotFound, fmt::format("there is no job {}", id), "`kseek jobs` lists them"};
}

Result<Response> show_job(const Services& services, const Request& request) {
  KSEEK_ASSIGN(const uint64_t id, job_id(request));
  KSEEK_ASSIGN(const auto job, find_job(services, request, id));
  return Response{.body = job_json(job)};
}

Result<Response> cancel_job(const Services& services, const Request& request) {
  KSEEK_ASSIGN(const uint64_t id, job_id(request));
  KSEEK_TRY(find_job(services, request, id));
  KSEEK_ASSIGN(const auto job, services.indexer.jobs().cancel(id));
  return Response{.body = job_json(job)};
}

Result<Response> list_dead_letters(const Services& services, const Request& request) {
  KSEEK_ASSIGN(const auto topic, find_topic(services.store, request.captures[0]));
  size_t limit = kDeadLettersAPage;
  const std::string_view asked = request.parameter("limit");
  if (!asked.empty() && (!read_number(asked, limit) || limit < 1 || limit > kMostDeadLetters)) {
    return Error{ErrorCode::kInvalid, fmt::format("\"limit\" is \"{}\"", asked),
                 fmt::format("expected a whole number from 1 to {}", kMostDeadLetters)};
  }
  KSEEK_ASSIGN(auto page, dead_letters_page(*topic, request.captures[0], limit, request.parameter("before")));
  return Response{.body = std::move(page)};
}

}  // namespace

void add_job_routes(Router& router, const Services& services) {
  const auto add = [&router](const char* method, const char* pattern, std::vector<std::string> parameters,
                             Handler handler) {
    const Need need = std::string_view(method) == "GET" ? Need::kSearch : Need::kOperate;
    router.add({method, pattern, Lane::kControl, std::move(parameters), std::move(handler), need});
  };
  add("POST", "/api/v1/topics/{}/reindex", {}, [services](const Request& r) { return start_reindex(services, r); });
  add("GET", "/api/v1/topics/{}/dead-letters", {"limit", "before"},
      [services](const Request& r) { return list_dead_letters(services, r); });
  add("GET", "/api/v1/jobs", {}, [services](const Request& request) -> Result<Response> {
    std::vector<indexer::JobStatus> jobs = services.indexer.jobs().all();
    std::erase_if(jobs, [&](const indexer::JobStatus& job) { return !may_see(request, job.topic); });
    return Response{.body = jobs_json(jobs)};
  });
  add("GET", "/api/v1/jobs/{}", {}, [services](const Request& r) { return show_job(services, r); });
  add("DELETE", "/api/v1/jobs/{}", {}, [services](const Request& r) { return cancel_job(services, r); });
}

}  // namespace kseek::server
