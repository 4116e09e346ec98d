// The streams that are open: gives each its turns on the search pool, and looks a few times a second which of them have
// something new. One thread for all of them; a stream at rest holds none.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/event_stream.h"
#include "server/work_pool.h"

namespace kseek::server {

/// What a stream tells. One thread at a time.
class StreamWork {
 public:
  virtual ~StreamWork() = default;
  enum class Next {
    kAgain,  ///< call step() again soon
    kWait,   ///< call it when ready() says so
    kEnd,    ///< the stream is told in full
  };
  /// A part of the work, short enough that others get their turns: some 100 ms.
  virtual Next step(EventStream& stream) = 0;
  /// After kWait: is there something to do? Cheap.
  virtual bool ready() = 0;
};

/// Any thread.
class StreamHub {
 public:
  /// Borrows the pool.
  StreamHub(WorkPool& pool, size_t max_streams);
  ~StreamHub();  ///< stop()
  StreamHub(const StreamHub&) = delete;
  StreamHub& operator=(const StreamHub&) = delete;

  /// A new stream of the client and its first step. nullptr: max_streams are open, or it is stopping.
  [[nodiscard]] std::shared_ptr<EventStream> open(const std::string& client, std::unique_ptr<StreamWork> work,
                                                  std::shared_ptr<const std::atomic<bool>> client_gone);
  /// Closes all streams. REQUIRES: the pool runs no jobs any more.
  void stop();

 private:
  static constexpr std::chrono::milliseconds kTick{150};
  static constexpr std::chrono::milliseconds kQuiet{15'000};
  /// A client that is so far behind gets nothing new until it has read.
  static constexpr size_t kMaxWaitingBytes = 256 * 1024;

  struct Entry {
    std::string client;  ///< on whose turns the steps are
    std::shared_ptr<EventStream> stream;
    std::unique_ptr<StreamWork> work;
    bool busy = false;   // guarded by mu_: a job for it is queued or running
    bool again = true;   // guarded by mu_
    bool ended = false;  // guarded by mu_
  };
  void watch();
  void look_after(const std::shared_ptr<Entry>& entry);
  void submit(const std::shared_ptr<Entry>& entry);
  void run_step(const std::shared_ptr<Entry>& entry);

  WorkPool& pool_;
  const size_t max_streams_;
  std::mutex mu_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<Entry>> entries_;  // guarded by mu_
  bool stopping_ = false;                        // guarded by mu_
  std::thread thread_;                           // last: it uses the others
};

}  // namespace kseek::server
