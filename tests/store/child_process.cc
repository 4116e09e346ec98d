#include "tests/store/child_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace kseek::store {
namespace {

constexpr const char* kDirectoryVariable = "KSEEK_TEST_CHILD_DIR";
constexpr int kReportFd = 42;

}  // namespace

ChildProcess::ChildProcess(const std::string& test, const std::filesystem::path& dir) {
  int pipes[2];
  if (::pipe(pipes) != 0) throw std::runtime_error("no pipe");
  const std::string filter = "--gtest_filter=" + test;
  const std::string variable = std::string(kDirectoryVariable) + "=" + dir.string();
  const std::string temporary = "TMPDIR=" + std::filesystem::temp_directory_path().string();
  const char* const arguments[] = {"/proc/self/exe", filter.c_str(), "--gtest_also_run_disabled_tests",
                                   "--gtest_brief=1", nullptr};
  const char* const environment[] = {variable.c_str(), temporary.c_str(), nullptr};
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) {
    ::dup2(pipes[1], kReportFd);
    ::close(pipes[0]);
    ::close(pipes[1]);
    ::execve(arguments[0], const_cast<char* const*>(arguments), const_cast<char* const*>(environment));
    ::_exit(127);
  }
  ::close(pipes[1]);
  reports_ = pipes[0];
}

ChildProcess::~ChildProcess() {
  kill();
  ::close(reports_);
}

std::optional<int64_t> ChildProcess::next_report() {
  int64_t number = 0;
  if (::read(reports_, &number, sizeof(number)) != static_cast<ssize_t>(sizeof(number))) return std::nullopt;
  return number;
}

void ChildProcess::kill() {
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ended_ = true;
}

std::optional<std::filesystem::path> child_directory() {
  const char* const dir = std::getenv(kDirectoryVariable);  // NOLINT: no thread changes the environment
  if (dir == nullptr) return std::nullopt;
  return std::filesystem::path(dir);
}

void report(int64_t number) {
  if (::write(kReportFd, &number, sizeof(number)) != static_cast<ssize_t>(sizeof(number))) ::_exit(3);
}

}  // namespace kseek::store
