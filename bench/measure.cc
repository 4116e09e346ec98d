#include "bench/measure.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/bytes.h"

namespace kseek::bench {
namespace {

double process_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The number after `key` in a file of "key: number unit" lines, or 0.
uint64_t number_in(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(key, 0) == 0) return std::strtoull(line.c_str() + key.size() + 1, nullptr, 10);
  }
  return 0;
}

std::string read_to_end(int fd) {
  std::string all;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = read(fd, buffer.data(), buffer.size())) > 0;) {
    all.append(buffer.data(), static_cast<size_t>(got));
  }
  return all;
}

void write_all(int fd, const std::string& text) {
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail("cannot write to a pipe");
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> fds{};
  if (pipe(fds.data()) != 0) fail("cannot make a pipe");
  return fds;
}

}  // namespace

double figure(const Figures& figures, const std::string& name) {
  for (const auto& [key, value] : figures) {
    if (key == name) return value;
  }
  return 0;
}

Stopwatch::Stopwatch() : wall_(std::chrono::steady_clock::now()), cpu_s_(process_cpu_s()) {}
double Stopwatch::wall_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_).count();
}
double Stopwatch::cpu_s() const { return process_cpu_s() - cpu_s_; }

uint64_t peak_memory_bytes() { return number_in("/proc/self/status", "VmHWM:") * 1_KiB; }

uint64_t disk_bytes(const std::filesystem::path& path) {
  uint64_t bytes = 0;
  std::error_code error;
  for (const auto& file : std::filesystem::recursive_directory_iterator(path, error)) {
    struct stat info {};
    if (lstat(file.path().c_str(), &info) == 0) bytes += static_cast<uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

Figures in_child(const std::function<Figures()>& work) {
  const auto [from, to] = make_pipe();
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) fail("cannot fork");
  if (pid == 0) {
    close(from);
    std::string text;
    for (const auto& [name, value] : work()) text += fmt::format("{} {}\n", name, value);
    write_all(to, text);
    std::fflush(nullptr);
    _exit(0);
  }
  close(to);
  std::istringstream lines(read_to_end(from));
  close(from);
  int status = 0;
  waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("a case of the benchmark failed");
  Figures figures;
  std::string name;
  for (double value = 0; lines >> name >> value;) figures.emplace_back(name, value);
  return figures;
}

void Companion::Link::announce(const std::string& text) const { write_all(out_, text + "\n"); }

void Companion::Link::wait() const {
  char byte = 0;
  while (read(in_, &byte, 1) > 0) {
  }
}

Companion::Companion(const std::function<void(const Link&)>& work) {
  const auto [from, to] = make_pipe();
  const auto [stop_read, stop_write] = make_pipe();
  std::fflush(nullptr);
  pid_ = fork();
  if (pid_ < 0) fail("cannot fork");
  if (pid_ == 0) {
    close(from);
    close(stop_write);
    work(Link(to, stop_read));
    std::fflush(nullptr);
    _exit(0);
  }
  close(to);
  close(stop_read);
  stop_fd_ = stop_write;
  for (char byte = 0; read(from, &byte, 1) == 1 && byte != '\n';) announced_ += byte;
  close(from);
  if (announced_.empty()) fail("a process beside the benchmark failed");
}

Companion::~Companion() {
  close(stop_fd_);
  waitpid(pid_, nullptr, 0);
}

void write_json(const Report& report, const std::string& file) {
  std::ofstream out(file);
  out << fmt::format("{{\"machine\":\"{}\"", machine_name());
  for (const auto& [name, figures] : report) {
    out << fmt::format(",\n \"{}\":{{", name);
    for (size_t i = 0; i < figures.size(); ++i) {
      out << fmt::format("{}\"{}\":{}", i > 0 ? "," : "", figures[i].first, figures[i].second);
    }
    out << "}";
  }
  out << "}\n";
  if (!out.flush()) fail("cannot write " + file);
}

void fail(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  std::fflush(nullptr);
  _exit(1);
}

std::string machine_name() {
  std::string model = "unknown processor";
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("model name", 0) == 0) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  const double gib = static_cast<double>(number_in("/proc/meminfo", "MemTotal:")) / static_cast<double>(1_MiB);
  return fmt::format("{}, {} cores, {:.0f} GiB", model, std::thread::hardware_concurrency(), gib);
}

}  // namespace kseek::bench
