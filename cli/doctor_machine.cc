#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/bytes.h"
#include "cli/doctor.h"
#include "cli/http_client.h"
#include "server/listen_socket.h"

namespace kseek::cli {
namespace {

constexpr uint64_t kFewFiles = 16'384;
constexpr uint64_t kConsumer = 384_MiB;  // librdkafka's queues, and what the program itself takes

void look_at_open_files(const ServeConfig& config, Findings& findings) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  // The soft limit is raised to the hard one at the start.
  const uint64_t needed = std::max<uint64_t>(kFewFiles, config.server.max_connections + uint64_t{4096});
  if (limit.rlim_max >= needed) {
    findings.push_back({Health::kOk, "open files", fmt::format("{} may be open", uint64_t{limit.rlim_max}), ""});
    return;
  }
  findings.push_back({limit.rlim_max < 1024 ? Health::kFail : Health::kWarn, "open files",
                      fmt::format("only {} may be open", uint64_t{limit.rlim_max}),
                      fmt::format("allow {}: ulimit -Hn, or LimitNOFILE in the systemd unit", needed)});
}

std::optional<uint64_t> number_in(const char* path) {
  std::ifstream file(path);
  uint64_t number = 0;
  if (!(file >> number)) return std::nullopt;  // "max" is no limit
  return number;
}

/// Bytes that may be used: the machine's memory, or this group of processes' limit.
uint64_t memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  uint64_t bytes = pages > 0 && page > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page) : 0;
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    if (const auto limit = number_in(path)) bytes = std::min(bytes, *limit);
  }
  return bytes;
}

void look_at_memory(const ServeConfig& config, Findings& findings) {
  const uint64_t needed =
      config.indexer.memory_limit_bytes + config.store.block_cache_bytes + config.store.write_buffer_bytes + kConsumer;
  const uint64_t there = memory_bytes();
  const std::string text = fmt::format("{:.1f} GB; these settings take up to {:.1f} GB",
                                       static_cast<double>(there) / 1e9, static_cast<double>(needed) / 1e9);
  const std::string advice =
      "give it more, or lower memory_limit_bytes in [indexer], block_cache_bytes and write_buffer_bytes in [store]";
  const Health health = needed > there ? Health::kFail : needed > there / 10 * 8 ? Health::kWarn : Health::kOk;
  findings.push_back({health, "memory", text, health == Health::kOk ? "" : advice});
}

void look_at_clock(Findings& findings) {
  timex state{};
  if (adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    findings.push_back({Health::kWarn, "clock", "the kernel says that nothing keeps it synchronised",
                        "times such as -15m mean this clock: run chrony or systemd-timesyncd (a container shows its "
                        "host's state)"});
    return;
  }
  findings.push_back({Health::kOk, "clock", "synchronised", ""});
}

bool is_loopback(const std::string& listen) {
  return listen.starts_with("127.") || listen.starts_with("localhost:") || listen.starts_with("[::1]");
}

void look_at_port(const ServeConfig& config, Findings& findings) {
  const std::string& listen = config.server.listen;
  const auto socket = server::listen_on(listen);
  if (socket) {
    close(socket->fd);
    findings.push_back({Health::kOk, "port", listen + " is free", ""});
  } else if (HttpClient("http://" + listen).get("/healthz")) {
    findings.push_back({Health::kWarn, "port", listen + " is taken by a server that answers as kseek does",
                        "fine when it is the kseek you know; a second one needs another --listen"});
  } else {
    findings.push_back({Health::kFail, "port", socket.error().message, socket.error().hint});
  }
  if (!is_loopback(listen)) {
    findings.push_back({Health::kWarn, "port", listen + " can be reached from other machines",
                        "whoever reaches it reads the messages, unless tokens or a proxy in front keep people out"});
  }
}

}  // namespace

void look_at_machine(const ServeConfig& config, Findings& findings) {
  look_at_open_files(config, findings);
  look_at_memory(config, findings);
  look_at_clock(findings);
  look_at_port(config, findings);
}

}  // namespace kseek::cli
