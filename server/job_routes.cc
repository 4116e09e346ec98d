// Jobs (/api/v1/jobs, /api/v1/topics/{t}/reindex), and the dead letters of a topic.
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "server/job_json.h"
#include "server/routes.h"

namespace kseek::server {
namespace {

constexpr size_t kDeadLettersAPage = 100;
constexpr size_t kMostDeadLetters = 1000;

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && rest == text.data() + text.size();
}

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

/// "time,partition,offset", as dead_letters_json gives it.
Result<std::optional<store::DeadLetterPlace>> place_of(std::string_view text) {
  using Place = std::optional<store::DeadLetterPlace>;
  if (text.empty()) return Place();
  std::array<std::string_view, 3> parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t comma = i + 1 < parts.size() ? text.find(',') : text.size();
    parts[i] = text.substr(0, comma);
    text.remove_prefix(std::min(text.size(), comma == std::string_view::npos ? comma : comma + 1));
  }
  store::DeadLetterPlace place;
  if (read_number(parts[0], place.time.ms) && read_number(parts[1], place.partition.value) &&
      read_number(parts[2], place.offset.value)) {
    return Place(place);
  }
  return Error{ErrorCode::kInvalid, "\"before\" is not understood", "give what \"next\" of the last answer said"};
}

Result<Response> list_dead_letters(const Services& services, const Request& request) {
  KSEEK_ASSIGN(const auto topic, find_topic(services.store, request.captures[0]));
  size_t limit = kDeadLettersAPage;
  const std::string_view asked = request.parameter("limit");
  if (!asked.empty() && (!read_number(asked, limit) || limit < 1 || limit > kMostDeadLetters)) {
    return Error{ErrorCode::kInvalid, fmt::format("\"limit\" is \"{}\"", asked),
                 fmt::format("expected a whole number from 1 to {}", kMostDeadLetters)};
  }
  KSEEK_ASSIGN(const auto before, place_of(request.parameter("before")));
  auto letters = topic->dead_letters(limit + 1, before);
  const bool more = letters.size() > limit;
  if (more) letters.pop_back();
  return Response{.body = dead_letters_json(request.captures[0], letters, more)};
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
