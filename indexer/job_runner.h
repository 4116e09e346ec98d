// Runs the jobs of a store, one after the other, on a thread of its own. Private to indexer/. Any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "indexer/job_control.h"
#include "indexer/jobs.h"
#include "store/store.h"

namespace kseek::indexer {

class JobRunner final : public Jobs {
 public:
  struct Work {
    /// Does the job: true when it is done, false when it was wished to end before. `resumes`: an earlier process has
    /// begun it.
    std::function<Result<bool>(const store::JobRecord& job, bool resumes, JobControl& control)> run;
    /// kInvalid, kConflict: such a job can't be.
    std::function<Result<void>(const ReindexRequest& request)> check;
  };

  /// Goes on with what the last process left; drops what is left of jobs that aren't. The store is borrowed.
  static Result<std::unique_ptr<JobRunner>> start(store::Store& store, Work work);
  ~JobRunner() override;
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  [[nodiscard]] Result<JobStatus> reindex(const ReindexRequest& request) override;
  [[nodiscard]] std::vector<JobStatus> all() const override;
  [[nodiscard]] Result<JobStatus> find(uint64_t id) const override;
  [[nodiscard]] Result<JobStatus> cancel(uint64_t id) override;
  /// Cancels what the topic has; when it returns (bounded), nobody works on it.
  void cancel_of(std::string_view topic);
  /// Ends the thread; the job in hand goes on in the next process.
  void stop();

 private:
  using Clock = JobControl::Clock;

  JobRunner(store::Store& store, Work work) : store_(store), work_(std::move(work)) {}
  Result<void> load();
  void run();
  void perform(uint64_t id);
  void watch_progress(uint64_t id, JobControl& control);
  void clean_up(const store::JobRecord& job);
  void note_progress(store::JobRecord& job, const JobControl& control, Clock::time_point now);
  void save(const store::JobRecord& job);
  [[nodiscard]] JobStatus status_locked(const store::JobRecord& job) const;
  [[nodiscard]] const store::JobRecord* live_job_locked(std::string_view topic) const;
  void forget_old_locked();

  store::Store& store_;
  const Work work_;
  mutable std::mutex mu_;
  std::condition_variable changed_;
  std::map<uint64_t, store::JobRecord> jobs_;      // guarded by mu_
  uint64_t running_ = 0;                           // guarded by mu_: its id; 0: none
  std::shared_ptr<JobControl> control_;            // guarded by mu_: the running one's
  double bytes_per_second_ = 0;                    // guarded by mu_: the running one's
  double messages_per_second_ = 0;                 // guarded by mu_
  uint64_t known_bytes_ = 0, known_messages_ = 0;  // guarded by mu_: at rate_since_
  Clock::time_point rate_since_{};                 // guarded by mu_
  bool stopping_ = false;                          // guarded by mu_
  std::thread thread_;
};

}  // namespace kseek::indexer
