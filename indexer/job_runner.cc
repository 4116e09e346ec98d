#include "indexer/job_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>

#include "base/time.h"
#include "indexer/log.h"
#include "indexer/start_position.h"

namespace kseek::indexer {

const char* to_string(store::JobSource source) { return source == store::JobSource::kStore ? "store" : "kafka"; }

const char* to_string(store::JobState state) {
  switch (state) {
    case store::JobState::kQueued: return "queued";
    case store::JobState::kRunning: return "running";
    case store::JobState::kDone: return "done";
    case store::JobState::kFailed: return "failed";
    case store::JobState::kCancelled: break;
  }
  return "cancelled";
}

namespace {

using std::chrono::milliseconds;
using store::JobRecord;
using store::JobSource;
using store::JobState;

constexpr milliseconds kLook{200};
constexpr milliseconds kSave{5'000};
constexpr milliseconds kRateSpan{3'000};
constexpr milliseconds kCancelWait{20'000};

Error no_such_job(uint64_t id) {
  return {ErrorCode::kNotFound, fmt::format("there is no job {}", id), "`kseek jobs` lists those that are"};
}

}  // namespace

Result<std::unique_ptr<JobRunner>> JobRunner::start(store::Store& store, Work work) {
  std::unique_ptr<JobRunner> runner(new JobRunner(store, std::move(work)));
  KSEEK_TRY(runner->load());
  runner->thread_ = std::thread([raw = runner.get()] { raw->run(); });
  return runner;
}

JobRunner::~JobRunner() { stop(); }

Result<void> JobRunner::load() {
  KSEEK_ASSIGN(auto records, store_.jobs());
  const std::lock_guard lock(mu_);
  for (JobRecord& record : records) jobs_.emplace(record.id, std::move(record));
  const auto has = [&](const std::string& topic, JobSource source) {
    const JobRecord* job = live_job_locked(topic);
    return job != nullptr && job->source == source && job->state == JobState::kRunning;
  };
  for (const auto& generation : store_.generations()) {
    const std::string name = generation->config().name;
    if (!has(name, JobSource::kKafka)) KSEEK_TRY(store_.drop_generation(name));
  }
  for (const auto& topic : store_.topics()) {
    if (topic->rebuild() && !has(topic->config().name, JobSource::kStore)) KSEEK_TRY(topic->cancel_rebuild());
  }
  return {};
}

void JobRunner::stop() {
  {
    const std::lock_guard lock(mu_);
    stopping_ = true;
    if (control_) control_->wish(JobControl::Wish::kStop);
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

const JobRecord* JobRunner::live_job_locked(std::string_view topic) const {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(),
                                  [&](const auto& item) { return !item.second.ended() && item.second.topic == topic; });
  return found == jobs_.end() ? nullptr : &found->second;
}

Result<JobStatus> JobRunner::reindex(const ReindexRequest& request) {
  if (!store_.topic(request.topic)) {
    return Error{ErrorCode::kNotFound, fmt::format("topic \"{}\" is not opened", request.topic),
                 "`kseek topics` lists those that are"};
  }
  if (request.source == JobSource::kStore && !request.from.empty()) {
    return Error{ErrorCode::kInvalid, "\"from\" is given, but the stored messages are indexed again as they are",
                 "leave it out, or read from Kafka: --source kafka"};
  }
  if (!request.from.empty()) KSEEK_TRY(parse_start_position(request.from, now()));
  KSEEK_TRY(work_.check(request));
  JobRecord job;
  job.topic = request.topic;
  job.source = request.source;
  job.from = request.from;
  job.rate_limit = request.rate_limit;
  job.created = now();
  const std::lock_guard lock(mu_);
  if (stopping_) return Error{ErrorCode::kUnavailable, "the indexer is stopping", ""};
  if (const JobRecord* other = live_job_locked(request.topic)) {
    return Error{ErrorCode::kConflict,
                 fmt::format("topic \"{}\" is being reindexed already: job {}, {}", request.topic, other->id,
                             to_string(other->state)),
                 fmt::format("wait for it, or: kseek jobs cancel {}", other->id)};
  }
  job.id = jobs_.empty() ? 1 : jobs_.rbegin()->first + 1;
  KSEEK_TRY(store_.save_job(job));
  jobs_.emplace(job.id, job);
  forget_old_locked();
  changed_.notify_all();
  return status_locked(job);
}

void JobRunner::forget_old_locked() {
  for (auto it = jobs_.begin(); it != jobs_.end() && jobs_.size() > kKeptJobs;) {
    if (!it->second.ended()) {
      ++it;
      continue;
    }
    ignore_error(store_.forget_job(it->first), "it is forgotten the next time");
    it = jobs_.erase(it);
  }
}

JobStatus JobRunner::status_locked(const JobRecord& job) const {
  JobStatus status{job, 0, std::nullopt};
  if (job.id != running_) return status;
  status.bytes_per_second = bytes_per_second_;
  const bool by_bytes = job.bytes_total > 0;
  const double rate = by_bytes ? bytes_per_second_ : messages_per_second_;
  const uint64_t total = by_bytes ? job.bytes_total : job.messages_total;
  const uint64_t done = by_bytes ? job.bytes_done : job.messages_done;
  if (rate > 0 && total >= done) {
    status.left = std::chrono::seconds(static_cast<int64_t>(static_cast<double>(total - done) / rate) + 1);
  }
  return status;
}

std::vector<JobStatus> JobRunner::all() const {
  const std::lock_guard lock(mu_);
  std::vector<JobStatus> found;
  found.reserve(jobs_.size());
  std::transform(jobs_.rbegin(), jobs_.rend(), std::back_inserter(found),
                 [this](const auto& job) { return status_locked(job.second); });
  return found;
}

Result<JobStatus> JobRunner::find(uint64_t id) const {
  const std::lock_guard lock(mu_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return no_such_job(id);
  return status_locked(found->second);
}

Result<JobStatus> JobRunner::cancel(uint64_t id) {
  std::unique_lock lock(mu_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return no_such_job(id);
  JobRecord& job = found->second;
  if (id == running_) {
    control_->wish(JobControl::Wish::kCancel);
    changed_.wait_for(lock, kCancelWait, [&] { return running_ != id; });
  } else if (!job.ended()) {
    job.state = JobState::kCancelled;
    job.finished = now();
    KSEEK_TRY(store_.save_job(job));
    clean_up(job);
  }
  return status_locked(jobs_.at(id));
}

void JobRunner::cancel_of(std::string_view topic) {
  uint64_t id = 0;
  {
    const std::lock_guard lock(mu_);
    if (const JobRecord* job = live_job_locked(topic)) id = job->id;
  }
  if (id != 0) ignore_error(cancel(id), "the topic is about to go, and the job with it");
}

void JobRunner::run() {
  std::unique_lock lock(mu_);
  while (!stopping_) {
    // What ran when the last process ended comes first.
    const auto next = [&](JobState state) {
      return std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& item) { return item.second.state == state; });
    };
    auto job = next(JobState::kRunning);
    if (job == jobs_.end()) job = next(JobState::kQueued);
    if (job == jobs_.end()) {
      changed_.wait(lock);
      continue;
    }
    running_ = job->first;
    control_ = std::make_shared<JobControl>();
    bytes_per_second_ = messages_per_second_ = 0;
    known_bytes_ = known_messages_ = 0;
    lock.unlock();
    perform(job->first);
    lock.lock();
    running_ = 0;
    control_.reset();
    changed_.notify_all();
  }
}

void JobRunner::perform(uint64_t id) {
  std::shared_ptr<JobControl> control;
  JobRecord job;
  bool resumes = false;
  {
    const std::lock_guard lock(mu_);
    control = control_;
    JobRecord& kept = jobs_.at(id);
    resumes = kept.state == JobState::kRunning;
    kept.state = JobState::kRunning;
    if (!resumes) kept.started = now();
    job = kept;
  }
  log().info("job {}: reindexing topic {} from {}{}", id, job.topic, to_string(job.source), resumes ? ", goes on" : "");
  save(job);
  auto ended = std::async(std::launch::async, [&] { return work_.run(job, resumes, *control); });
  const auto began = Clock::now();
  const uint64_t elapsed_before = job.elapsed_ms;
  for (auto saved = began; ended.wait_for(kLook) != std::future_status::ready;) {
    const std::lock_guard lock(mu_);
    JobRecord& kept = jobs_.at(id);
    const auto time = Clock::now();
    kept.elapsed_ms =
        elapsed_before + static_cast<uint64_t>(std::chrono::duration_cast<milliseconds>(time - began).count());
    note_progress(kept, *control, time);
    if (time - saved < kSave) continue;
    saved = time;
    save(kept);
  }
  const Result<bool> outcome = ended.get();
  const std::lock_guard lock(mu_);
  JobRecord& kept = jobs_.at(id);
  note_progress(kept, *control, Clock::now());
  kept.elapsed_ms =
      elapsed_before + static_cast<uint64_t>(std::chrono::duration_cast<milliseconds>(Clock::now() - began).count());
  const auto wish = control->wished();
  if (!outcome) {
    kept.state = wish == JobControl::Wish::kCancel ? JobState::kCancelled : JobState::kFailed;
    if (kept.state == JobState::kFailed) kept.reason = describe(outcome.error());
  } else if (*outcome) {
    kept.state = JobState::kDone;
  } else if (wish == JobControl::Wish::kCancel) {
    kept.state = JobState::kCancelled;
  } else {
    return save(kept);  // still running: the next process goes on
  }
  kept.finished = now();
  if (kept.state == JobState::kCancelled) kept.note.clear();
  save(kept);
  if (kept.state != JobState::kDone) clean_up(kept);
  log().info("job {}: {}{}{}", id, to_string(kept.state), kept.reason.empty() ? "" : ": ", kept.reason);
}

/// What is left of a job that is not to go on.
void JobRunner::clean_up(const JobRecord& job) {
  const char* const why = "the next start sees to it";
  if (job.source == JobSource::kKafka) return ignore_error(store_.drop_generation(job.topic), why);
  if (const auto topic = store_.topic(job.topic)) ignore_error(topic->cancel_rebuild(), why);
}

void JobRunner::note_progress(JobRecord& job, const JobControl& control, Clock::time_point now) {
  const JobProgress progress = control.progress();
  job.note = control.note();
  if (progress.messages_total == 0) return;
  job.messages_done = progress.messages_done;
  job.messages_total = progress.messages_total;
  job.bytes_done = progress.bytes_done;
  job.bytes_total = progress.bytes_total;
  const bool first = bytes_per_second_ == 0 && messages_per_second_ == 0 && known_messages_ == 0;
  const double seconds = std::chrono::duration<double>(now - rate_since_).count();
  if (first || now - rate_since_ >= kRateSpan) {
    if (!first) {
      const auto per_second = [&](uint64_t done, uint64_t known) {
        return done > known ? static_cast<double>(done - known) / seconds : 0.0;
      };
      bytes_per_second_ = per_second(job.bytes_done, known_bytes_);
      messages_per_second_ = per_second(job.messages_done, known_messages_);
    }
    known_bytes_ = job.bytes_done;
    known_messages_ = job.messages_done;
    rate_since_ = now;
  }
}

void JobRunner::save(const JobRecord& job) {
  if (const auto saved = store_.save_job(job); !saved) {
    log().warn("job {} can't be noted: {}", job.id, describe(saved.error()));
  }
}

}  // namespace kseek::indexer
