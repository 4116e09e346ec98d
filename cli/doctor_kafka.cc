#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "base/time.h"
#include "cli/doctor.h"
#include "indexer/probe.h"

namespace kseek::cli {
namespace {

constexpr std::chrono::milliseconds kStep{5'000};
constexpr int kConnectMs = 3'000;
constexpr int64_t kClockSlackMs = 5'000;

/// One address: empty when something accepts connections there, else why not.
std::string try_address(const addrinfo& info) {
  const int fd = socket(info.ai_family, info.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, info.ai_protocol);
  if (fd < 0) return std::strerror(errno);
  int error = connect(fd, info.ai_addr, info.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd waiting{fd, POLLOUT, 0};
    socklen_t size = sizeof(error);
    if (poll(&waiting, 1, kConnectMs) <= 0) {
      error = ETIMEDOUT;
    } else {
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
  }
  close(fd);
  return error == 0 ? "" : std::strerror(error);
}

/// Empty when host:port accepts connections, else why not.
std::string try_connecting(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int lookup = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (lookup != 0) return gai_strerror(lookup);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, &freeaddrinfo);
  std::string why = "no address";
  for (const addrinfo* info = found; info != nullptr && !why.empty(); info = info->ai_next) why = try_address(*info);
  return why;
}

void look_at_brokers(const indexer::ProbedCluster& cluster, Findings& findings) {
  const char* answers = cluster.brokers.size() == 1 ? "broker answers" : "brokers, and one answers";
  std::string more = cluster.id.empty() ? "" : ", cluster " + cluster.id;
  more += cluster.version.empty() ? ", version not told" : ", version " + cluster.version;
  if (cluster.is_test) more = ": kseek's own, in memory, for trying";
  findings.push_back({Health::kOk, "brokers", fmt::format("{} {}{}", cluster.brokers.size(), answers, more), ""});
  for (const indexer::ProbedBroker& broker : cluster.brokers) {
    const std::string where = fmt::format("{}:{}", broker.host, broker.port);
    const std::string why = try_connecting(broker.host, broker.port);
    if (why.empty()) {
      findings.push_back({Health::kOk, "broker", fmt::format("{} can be reached at {}", broker.id, where), ""});
      continue;
    }
    findings.push_back({Health::kFail, "broker", fmt::format("{} says that it is at {}: {}", broker.id, where, why),
                        "every broker must be reachable at the address that it advertises: see advertised.listeners "
                        "there, names and firewalls here"});
  }
}

void look_at_reading(const indexer::ProbedTopic& topic, Findings& findings) {
  const std::string subject = "topic " + topic.name;
  if (topic.describe) {
    findings.push_back({Health::kFail, subject, topic.describe->message,
                        topic.describe->code == ErrorCode::kNotFound
                            ? "check the name; without the right to Describe it a topic looks as if it were not there"
                            : topic.describe->hint});
    return;
  }
  if (topic.read) {
    findings.push_back(
        {Health::kFail, subject, topic.read->message,
         topic.read->code == ErrorCode::kInvalid ? "give kseek's user the right to Read the topic" : topic.read->hint});
    return;
  }
  findings.push_back({Health::kOk, subject, fmt::format("{} partitions, can be read", topic.partitions), ""});
  if (topic.settings) {
    findings.push_back(
        {Health::kWarn, subject,
         fmt::format("its settings (retention, compaction) can't be read: {}", topic.settings->message),
         topic.settings->code == ErrorCode::kInvalid
             ? "give kseek's user DescribeConfigs, so that it follows compaction"
             : "try again; kseek asks for them again and again, and follows compaction as soon as it knows of it"});
  }
  if (topic.newest && topic.newest->ms > now().ms + kClockSlackMs) {
    findings.push_back({Health::kWarn, subject,
                        fmt::format("its newest message is {:.0f} s in the future",
                                    static_cast<double>(topic.newest->ms - now().ms) / 1e3),
                        "this clock is behind, or its producers' is ahead: compare both with a time server"});
  }
}

}  // namespace

void look_at_kafka(const ServeConfig& config, const std::vector<std::string>& topics, Findings& findings) {
  if (config.indexer.brokers.empty()) {
    findings.push_back({Health::kWarn, "brokers", "none are named: what is stored can be searched, nothing is tailed",
                        "--brokers host:port, or brokers in [indexer]"});
    return;
  }
  const auto cluster = indexer::probe_cluster(config.indexer.brokers, config.indexer.kafka, topics, kStep);
  if (!cluster) {
    findings.push_back({Health::kFail, "brokers", cluster.error().message, cluster.error().hint});
    return;
  }
  look_at_brokers(*cluster, findings);
  for (const indexer::ProbedTopic& topic : cluster->topics) look_at_reading(topic, findings);
}

}  // namespace kseek::cli
