#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

#include "server/metric_families.h"

namespace kseek::server {
namespace {

using prometheus::MetricType;

/// The fields of /proc/self/stat that count (proc(5)): threads is field 20, start time 22, pages resident 24.
struct ProcessStat {
  uint64_t threads = 0, start_ticks = 0, resident_pages = 0;
};

std::optional<ProcessStat> read_stat() {
  std::ifstream file("/proc/self/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const size_t name_end = text.rfind(')');  // the name, field 2, may have spaces
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  const auto skip = [&](int count) {
    while (count-- > 0) fields >> skipped;
  };
  ProcessStat stat;
  skip(17);
  fields >> stat.threads;
  skip(1);
  fields >> stat.start_ticks;
  skip(1);
  fields >> stat.resident_pages;
  if (!fields) return std::nullopt;
  return stat;
}

/// When the machine started, in seconds since 1970.
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * t.tv_usec; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

void add_metric(MetricFamilies& families, const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  families.push_back({name, help, type, {metric}});
}

void add_process_metrics(MetricFamilies& families) {
  add_metric(families, "process_cpu_seconds_total", "User and system CPU time", MetricType::Counter, cpu_seconds());
  if (const auto stat = read_stat()) {
    const auto ticks_a_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    add_metric(families, "process_resident_memory_bytes", "Resident memory", MetricType::Gauge,
               static_cast<double>(stat->resident_pages) * page_bytes);
    add_metric(families, "process_threads", "Threads", MetricType::Gauge, static_cast<double>(stat->threads));
    if (const auto boot = boot_time()) {
      add_metric(families, "process_start_time_seconds", "When the process started, since 1970", MetricType::Gauge,
                 *boot + static_cast<double>(stat->start_ticks) / ticks_a_second);
    }
  }
  std::error_code failed;
  const std::filesystem::directory_iterator files("/proc/self/fd", failed);
  if (!failed) {
    add_metric(families, "process_open_fds", "Open file descriptors", MetricType::Gauge,
               static_cast<double>(std::distance(begin(files), end(files))));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    add_metric(families, "process_max_fds", "Most file descriptors that may be open", MetricType::Gauge,
               static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace kseek::server
