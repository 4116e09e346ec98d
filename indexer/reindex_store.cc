#include "indexer/reindex_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/thread_priority.h"
#include "indexer/rate_limit.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;
using State = store::RebuildStep::State;

constexpr milliseconds kLook{20};  // when other threads have all that is left
constexpr milliseconds kProgress{500};
constexpr milliseconds kFirstPause{500};  // after a failure of the disk; doubles
constexpr milliseconds kLongestPause{30'000};

/// The threads of one rebuild.
class Rebuilder {
 public:
  Rebuilder(store::TopicStore& topic, uint64_t rate_limit, JobControl& control)
      : topic_(topic), control_(control), rate_(rate_limit) {}

  /// True: everything is built; false: it was wished to end before.
  Result<bool> run(unsigned threads) {
    std::vector<std::thread> workers;
    workers.reserve(threads);
    for (unsigned i = 0; i < threads; ++i) {
      workers.emplace_back([this] { work(); });
    }
    // Whoever ends with everything built, or an error, ends this too.
    while (!ended_ && control_.wait_for(milliseconds(50))) {
      if (Clock::now() >= next_progress_) tell_progress();
    }
    for (std::thread& worker : workers) worker.join();
    tell_progress();
    const std::lock_guard lock(mu_);
    if (!outcome_) return outcome_.error();
    return ended_.load();
  }

 private:
  using Clock = JobControl::Clock;

  void work() {
    let_others_go_first();
    milliseconds pause{0};
    while (!ended_ && control_.goes_on()) {
      const auto step =
          topic_.rebuild_next([this](uint64_t bytes) { return control_.wait_until(rate_.reserve(bytes)); });
      if (!step) {
        if (step.error().code != ErrorCode::kUnavailable) return end(step.error());
        pause = std::clamp(pause * 2, kFirstPause, kLongestPause);
        control_.set_note(describe(step.error()) + " (retried)");
        if (!control_.wait_for(pause)) return;
        continue;
      }
      if (pause > milliseconds{0}) control_.set_note("");
      pause = milliseconds{0};
      if (step->state == State::kReady) return end({});
      if (step->state == State::kWaiting && !control_.wait_for(kLook)) return;
    }
  }

  void end(Result<void> outcome) {
    const std::lock_guard lock(mu_);
    if (outcome_) outcome_ = std::move(outcome);
    ended_ = true;
  }

  void tell_progress() {
    next_progress_ = Clock::now() + kProgress;
    const auto progress = topic_.rebuild();
    if (!progress) return;
    control_.set_progress({progress->messages_done, progress->messages, progress->bytes_done, progress->bytes});
  }

  store::TopicStore& topic_;
  JobControl& control_;
  RateLimit rate_;
  Clock::time_point next_progress_{};  // one thread: who called run()
  std::atomic<bool> ended_{false};
  std::mutex mu_;
  Result<void> outcome_;  // guarded by mu_
};

std::string unreadable_note(const store::TopicConfig& topic, const std::vector<store::BlockMeta>& unreadable) {
  if (unreadable.empty()) return "";
  const std::string way_back =
      topic.source == store::Source::kImport
          ? "no Kafka has them: import the dumps into a new topic"
          : fmt::format("`kseek reindex {} --source kafka` reads them from Kafka again", topic.name);
  const store::BlockMeta& first = unreadable.front();
  return fmt::format(
      "{} stored blocks can't be read (partition {}, offsets {} to {}{}): answers that they may hold are incomplete; "
      "{}",
      unreadable.size(), first.partition.value, first.first.value, first.last.value, unreadable.size() > 1 ? ", …" : "",
      way_back);
}

Result<bool> finish(store::TopicStore& topic, JobControl& control) {
  const auto progress = topic.rebuild();
  const std::string note = progress ? unreadable_note(topic.config(), progress->unreadable) : "";
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    auto finished = topic.finish_rebuild();
    control.set_note(note);
    if (finished) return true;
    if (finished.error().code != ErrorCode::kUnavailable) return std::move(finished).error();
    control.set_note(describe(finished.error()) + " (retried)");
    if (!control.wait_for(pause)) return false;
  }
}

}  // namespace

Result<bool> reindex_from_store(store::TopicStore& topic, unsigned threads, uint64_t rate_limit, JobControl& control) {
  KSEEK_TRY(topic.begin_rebuild());
  Result<bool> done = Rebuilder(topic, rate_limit, control).run(std::max(1U, threads));
  if (done && *done) done = finish(topic, control);
  if (!done) ignore_error(topic.cancel_rebuild(), "the next start sees to it");
  return done;
}

}  // namespace kseek::indexer
