// Shows a job's progress on standard error: a bar on a terminal, else a line now and then. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kseek::cli {

/// What is shown of a job, read from its JSON.
struct JobLine {
  uint64_t id = 0;
  std::string state, reason, note;
  uint64_t messages_done = 0, messages_total = 0;
  uint64_t bytes_done = 0, bytes_total = 0;  ///< the total is 0 when nobody knows it
  uint64_t bytes_per_second = 0;
  int64_t seconds_left = -1;  ///< -1: nobody knows
  uint64_t elapsed_ms = 0;

  [[nodiscard]] bool ended() const { return state != "queued" && state != "running"; }
};
/// kInternal when the JSON isn't a job's.
[[nodiscard]] Result<JobLine> read_job(std::string_view json);

/// "[#####     ]  52 %  1040000 of 2000000 messages, 31 MB/s, 12 s left"; without `bar`: without the brackets.
[[nodiscard]] std::string progress_text(const JobLine& job, bool bar);

/// Asks `job` (its JSON) again and again until the job has ended, and shows how far it is. `on_interrupt` is what to
/// say when SIGINT or SIGTERM ends the waiting before. The exit code; the outcome is on standard output, with `json` as
/// the job's JSON. REQUIRES: hold_stop_signals().
int follow_job(const std::function<Result<std::string>()>& job,
               const std::function<std::string(uint64_t id)>& on_interrupt, bool json);

}  // namespace kseek::cli
