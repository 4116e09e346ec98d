#include "tests/system/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace kseek::testing {
namespace {

/// A file without a name, for reading and writing.
int nameless_file() {
  std::string pattern = (std::filesystem::temp_directory_path() / "kseek-test-XXXXXX").string();
  const int fd = mkostemp(pattern.data(), O_CLOEXEC);
  if (fd < 0) throw std::runtime_error("can't make " + pattern);
  unlink(pattern.c_str());
  return fd;
}

std::string content_of(int fd) {
  std::string content;
  std::array<char, 65536> part{};
  for (ssize_t got = 0; (got = pread(fd, part.data(), part.size(), static_cast<off_t>(content.size()))) > 0;) {
    content.append(part.data(), static_cast<size_t>(got));
  }
  return content;
}

/// Starts the program; it dies with the thread that starts it.
pid_t start(const std::vector<std::string>& arguments, int in, int out, int err) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("can't fork");
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execvp(pointers.front(), pointers.data());
  _exit(127);
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

Process::Process(const std::vector<std::string>& arguments) : errors_(nameless_file()) {
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("can't make a pipe");
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_ = start(arguments, nothing, pipe[1], errors_);
  close(nothing);
  close(pipe[1]);
  output_ = pipe[0];
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(output_);
  close(errors_);
}

std::optional<std::string> Process::read_line() {
  size_t end = 0;
  while ((end = buffer_.find('\n')) == std::string::npos) {
    pollfd waiting{output_, POLLIN, 0};
    std::array<char, 4096> part{};
    if (poll(&waiting, 1, 60'000) <= 0) return std::nullopt;
    const ssize_t got = read(output_, part.data(), part.size());
    if (got <= 0) return std::nullopt;
    buffer_.append(part.data(), static_cast<size_t>(got));
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

void Process::signal(int number) {
  if (pid_ > 0) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::seconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return code_of(status);
    }
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string Process::errors() const { return content_of(errors_); }

Finished run(const std::vector<std::string>& arguments, const std::string& input) {
  const int in = nameless_file();
  const int out = nameless_file();
  const int err = nameless_file();
  if (write(in, input.data(), input.size()) != static_cast<ssize_t>(input.size()))
    throw std::runtime_error("disk full");
  lseek(in, 0, SEEK_SET);
  const pid_t pid = start(arguments, in, out, err);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  Finished finished{code_of(status), content_of(out), content_of(err)};
  close(in);
  close(out);
  close(err);
  return finished;
}

std::vector<std::string> kseek_arguments(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), KSEEK_PROGRAM);
  return arguments;
}

Finished kseek(std::vector<std::string> arguments, const std::string& input) {
  return run(kseek_arguments(std::move(arguments)), input);
}

}  // namespace kseek::testing
