// Other programs, started and always ended by the test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kseek::testing {

/// A program that runs. Its standard output is read here, its standard error goes to a file. One thread.
class Process {
 public:
  /// `arguments[0]` is the program (found in PATH). It dies with this process.
  explicit Process(const std::vector<std::string>& arguments);
  ~Process();  ///< kill -9, if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The next line of its standard output without the line break; nullopt when it ends, or 60 s pass.
  [[nodiscard]] std::optional<std::string> read_line();
  void signal(int number);
  /// Its exit code once it has ended; 128 + the signal that ended it; nullopt when `limit` passes.
  [[nodiscard]] std::optional<int> wait(std::chrono::seconds limit = std::chrono::seconds(60));
  [[nodiscard]] std::string errors() const;  ///< what it wrote to standard error so far

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  int errors_ = -1;  // an unlinked file
  std::string buffer_;
};

struct Finished {
  int code = -1;
  std::string out;
  std::string err;
};

/// Runs a program to its end, with `input` on its standard input.
[[nodiscard]] Finished run(const std::vector<std::string>& arguments, const std::string& input = "");

/// The same for the kseek that was built.
[[nodiscard]] Finished kseek(std::vector<std::string> arguments, const std::string& input = "");
/// The arguments that start it.
[[nodiscard]] std::vector<std::string> kseek_arguments(std::vector<std::string> arguments);

}  // namespace kseek::testing
