// What the benchmark programs share: clocks, memory, disk, and running each case in a process of its own, so that one
// case's memory peak and CPU time are not another's. Plain functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace kseek::bench {

/// Named figures in the order they were put in; the name carries the unit ("cpu_s", "raw_bytes").
using Figures = std::vector<std::pair<std::string, double>>;
/// 0 when there is none of that name.
[[nodiscard]] double figure(const Figures& figures, const std::string& name);

/// The figures of each case.
using Report = std::vector<std::pair<std::string, Figures>>;
/// One JSON object: the machine, and an object a case. Ends the program when it can't be written.
void write_json(const Report& report, const std::string& file);

/// Wall and CPU time (of all threads of this process) since it was made.
class Stopwatch {
 public:
  Stopwatch();
  [[nodiscard]] double wall_s() const;
  [[nodiscard]] double cpu_s() const;

 private:
  std::chrono::steady_clock::time_point wall_;
  double cpu_s_;
};

/// The largest resident size of this process so far (VmHWM).
[[nodiscard]] uint64_t peak_memory_bytes();
/// Bytes of the files below `path` as the disk holds them (allocated blocks, like du); 0 if it is not there.
[[nodiscard]] uint64_t disk_bytes(const std::filesystem::path& path);

/// Runs `work` in a forked process and returns its figures. REQUIRES: this process has no other thread. Ends the
/// program with a message when the child fails.
[[nodiscard]] Figures in_child(const std::function<Figures()>& work);

/// A process that runs `work` until it is told to stop: `work` calls announce(text) once, then stays in wait().
class Companion {
 public:
  class Link {
   public:
    void announce(const std::string& text) const;
    /// Returns when the Companion dies.
    void wait() const;

   private:
    friend class Companion;
    Link(int out, int in) : out_(out), in_(in) {}
    int out_;
    int in_;
  };
  /// Forks; returns when `work` has announced. REQUIRES: this process has no other thread.
  explicit Companion(const std::function<void(const Link&)>& work);
  ~Companion();
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  [[nodiscard]] const std::string& announced() const { return announced_; }

 private:
  int pid_ = -1;
  int stop_fd_ = -1;
  std::string announced_;
};

/// Prints to stderr and ends the program with code 1.
[[noreturn]] void fail(const std::string& message);

/// "AMD EPYC, 2 cores, 23 GiB": for the head of a report.
[[nodiscard]] std::string machine_name();

}  // namespace kseek::bench
