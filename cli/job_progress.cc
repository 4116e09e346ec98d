#include "cli/job_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/common.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace kseek::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr std::chrono::milliseconds kLook{200};
constexpr std::chrono::seconds kLine{5};  // without a terminal
constexpr size_t kBarColumns = 24;

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

uint64_t number_of(const Json& value) { return value.is_null() ? 0 : value.get<uint64_t>(); }

double done_part(const JobLine& job) {
  const uint64_t total = job.bytes_total > 0 ? job.bytes_total : job.messages_total;
  const uint64_t done = job.bytes_total > 0 ? job.bytes_done : job.messages_done;
  return total == 0 ? 0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

std::string span_text(int64_t seconds) {
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

std::string outcome_text(const JobLine& job) {
  const double seconds = static_cast<double>(std::max<uint64_t>(1, job.elapsed_ms)) / 1e3;
  const double megabytes = static_cast<double>(job.bytes_done) / 1e6;
  std::string text = fmt::format("job {} {}: {} messages, {:.1f} MB in {:.1f} s ({:.1f} MB/s)\n", job.id, job.state,
                                 job.messages_done, megabytes, seconds, megabytes / seconds);
  if (!job.note.empty()) text += job.note + "\n";
  return text;
}

}  // namespace

Result<JobLine> read_job(std::string_view json) {
  try {
    const Json job = Json::parse(json);
    JobLine line;
    line.id = job.at("id").get<uint64_t>();
    line.state = text_of(job.at("state"));
    line.reason = text_of(job.at("reason"));
    line.note = text_of(job.at("note"));
    line.messages_done = number_of(job.at("messages_done"));
    line.messages_total = number_of(job.at("messages_total"));
    line.bytes_done = number_of(job.at("bytes_done"));
    line.bytes_total = number_of(job.at("bytes_total"));
    line.bytes_per_second = number_of(job.at("bytes_per_second"));
    line.seconds_left = job.at("seconds_left").is_null() ? -1 : job.at("seconds_left").get<int64_t>();
    line.elapsed_ms = number_of(job.at("elapsed_ms"));
    return line;
  } catch (const Json::exception& e) {
    return Error{ErrorCode::kInternal, fmt::format("the server's answer is not understood: {}", e.what()),
                 "is it of the same version? kseek --version"};
  }
}

std::string progress_text(const JobLine& job, bool bar) {
  std::string text;
  if (bar) {
    const auto filled = static_cast<size_t>(done_part(job) * kBarColumns);
    text = "[" + std::string(filled, '#') + std::string(kBarColumns - filled, ' ') + "] ";
  }
  if (job.state == "queued") return text + "queued behind another job";
  text += fmt::format("{:3.0f} %  {} of {} messages", done_part(job) * 100, job.messages_done, job.messages_total);
  if (job.bytes_per_second > 0) text += fmt::format(", {:.1f} MB/s", static_cast<double>(job.bytes_per_second) / 1e6);
  if (job.seconds_left >= 0) text += fmt::format(", {} left", span_text(job.seconds_left));
  if (!job.note.empty()) text += "; " + job.note;
  return text;
}

int follow_job(const std::function<Result<std::string>()>& job,
               const std::function<std::string(uint64_t id)>& on_interrupt, bool json) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  auto next_line = Clock::now() + kLine;
  const auto end_bar = [terminal] {
    if (terminal) fmt::print(stderr, "\n");
  };
  for (;;) {
    const auto answer = job();
    const auto line = answer ? read_job(*answer) : Result<JobLine>(answer.error());
    if (!line) {
      end_bar();
      return fail_for_good(line.error());
    }
    if (terminal) {
      fmt::print(stderr, "\r{}\x1b[K", fit(progress_text(*line, true), error_columns() - 1, false));
      std::fflush(stderr);
    } else if (!line->ended() && Clock::now() >= next_line) {
      fmt::print(stderr, "job {}: {}\n", line->id, progress_text(*line, false));
      next_line += kLine;
    }
    if (line->ended()) {
      end_bar();
      if (line->state == "failed") return fail_for_good({ErrorCode::kUnavailable, line->reason, ""});
      if (!print_all(json ? *answer + "\n" : outcome_text(*line))) return kFailed;
      return line->state == "done" ? kDone : kFailed;
    }
    if (wait_for_stop(kLook)) {
      end_bar();
      fmt::print(stderr, "{}\n", on_interrupt(line->id));
      return kFailed;
    }
  }
}

}  // namespace kseek::cli
