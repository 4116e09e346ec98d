#include "tests/kafka/broker_process.h"
#include "tests/source_dir.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace kseek::kafka_test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kStartDeadline{90};  // two cores, and others compile on them
constexpr milliseconds kLook{20};
constexpr const char* kReady = "Transitioning from RECOVERY to RUNNING";

/// What the kernel would give next. Somebody else may take it before Kafka does: start() tries again, then.
int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: that's how sockets are addressed
  int port = 0;
  if (bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0) port = ntohs(address.sin_port);
  close(fd);
  return port;
}

std::string read_all(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::string tail_of(const std::string& text) { return text.substr(text.size() > 2'000 ? text.size() - 2'000 : 0); }

}  // namespace

Result<std::filesystem::path> find_kafka() {
  const std::string command = std::string("'") + source_dir() + "/scripts/fetch_kafka.sh' 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return Error{ErrorCode::kUnavailable, "scripts/fetch_kafka.sh can't be run", ""};
  std::string output;
  std::array<char, 512> buffer{};
  while (fgets(buffer.data(), buffer.size(), pipe) != nullptr) output += buffer.data();
  const int code = pclose(pipe);
  while (!output.empty() && output.back() == '\n') output.pop_back();
  if (code != 0) return Error{ErrorCode::kUnavailable, output, ""};
  return std::filesystem::path(output);
}

Result<std::unique_ptr<BrokerProcess>> BrokerProcess::start(const std::filesystem::path& kafka_dir,
                                                            const BrokerSettings& settings) {
  Error last;
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::unique_ptr<BrokerProcess> broker(new BrokerProcess());
    broker->kafka_dir_ = kafka_dir;
    broker->port_ = settings.port != 0 ? settings.port : free_port();
    broker->controller_port_ = free_port();
    broker->secure_port_ = settings.secure_protocol.empty() ? 0 : free_port();
    KSEEK_TRY(broker->write_properties(settings));
    KSEEK_TRY(broker->format(settings));
    const auto started = broker->start_again();
    if (started) return broker;
    last = started.error();
  }
  return last;
}

BrokerProcess::~BrokerProcess() { kill_now(); }

Result<void> BrokerProcess::write_properties(const BrokerSettings& settings) {
  const bool secure = secure_port_ != 0;
  const std::string secured = secure ? fmt::format(",{}://{}", settings.secure_protocol, secure_address()) : "";
  std::ofstream out(dir() / "server.properties");
  out << "process.roles=broker,controller\nnode.id=1\n"
      << fmt::format("controller.quorum.voters=1@127.0.0.1:{}\n", controller_port_)
      << fmt::format("listeners=PLAINTEXT://{},CONTROLLER://127.0.0.1:{}{}\n", address(), controller_port_, secured)
      << fmt::format("advertised.listeners=PLAINTEXT://{}{}\n", address(), secured)
      << "controller.listener.names=CONTROLLER\ninter.broker.listener.name=PLAINTEXT\n"
      << "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
      << (secure ? fmt::format(",{0}:{0}", settings.secure_protocol) : "") << "\n"
      << "log.dirs=" << (dir() / "data").string() << "\n"
      << "offsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n"
         "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
         "transaction.state.log.num.partitions=1\ngroup.initial.rebalance.delay.ms=0\n"
         "auto.create.topics.enable=false\nmessage.max.bytes=33554432\nsocket.request.max.bytes=209715200\n"
         // After kill -9 the controller lets a node come back only when its old session has ended.
         "broker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=500\n"
         // Retention and compaction look soon and often.
         "log.retention.check.interval.ms=300\nlog.initial.task.delay.ms=100\nlog.segment.delete.delay.ms=100\n"
         "log.cleaner.backoff.ms=200\nlog.cleaner.dedupe.buffer.size=8388608\n";
  for (const std::string& line : settings.properties) out << line << "\n";
  std::ofstream(dir() / "log4j.properties")
      << "log4j.rootLogger=INFO, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
         "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
         "log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n\n";
  if (!out.flush()) return Error{ErrorCode::kUnavailable, dir().string() + " can't be written", ""};
  return {};
}

pid_t BrokerProcess::launch(const std::vector<std::string>& arguments, const std::string& log) const {
  std::vector<std::string> line{"java",
                                "-Xmx512m",
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "-Dlog4j.configuration=file:" + (dir() / "log4j.properties").string(),
                                "-cp",
                                (kafka_dir_ / "jars").string() + "/*"};
  line.insert(line.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : line) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string log_file = (dir() / log).string();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  // Dies with the test, however that ends.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int out = open(log_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execvp(argv[0], argv.data());
  _exit(127);
}

Result<void> BrokerProcess::format(const BrokerSettings& settings) {
  std::vector<std::string> arguments{"kafka.tools.StorageTool", "format", "-t",
                                     settings.cluster_id,       "-c",     (dir() / "server.properties").string()};
  arguments.insert(arguments.end(), settings.format_arguments.begin(), settings.format_arguments.end());
  KSEEK_TRY(run_tool(arguments));
  return {};
}

Result<std::string> BrokerProcess::run_tool(const std::vector<std::string>& arguments) const {
  const pid_t tool = launch(arguments, "tool.log");
  int status = 0;
  const bool ended = tool >= 0 && waitpid(tool, &status, 0) == tool;
  std::string output = read_all(dir() / "tool.log");
  if (ended && status == 0) return output;
  return Error{ErrorCode::kUnavailable, arguments.front() + " failed: " + tail_of(output), ""};
}

Result<void> BrokerProcess::start_again() {
  pid_ = launch({"kafka.Kafka", (dir() / "server.properties").string()}, "server.log");
  if (pid_ < 0) return Error{ErrorCode::kUnavailable, "no process for Kafka", ""};
  return wait_until_ready();
}

Result<void> BrokerProcess::wait_until_ready() {
  const auto deadline = Clock::now() + kStartDeadline;
  while (Clock::now() < deadline) {
    const std::string log = read_all(dir() / "server.log");
    if (log.find(kReady) != std::string::npos) return {};
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return Error{ErrorCode::kUnavailable, "Kafka ended: " + tail_of(log), ""};
    }
    std::this_thread::sleep_for(kLook);
  }
  kill_now();
  return Error{ErrorCode::kTimeout, "Kafka doesn't get ready: " + tail_of(read_all(dir() / "server.log")), ""};
}

void BrokerProcess::kill_now() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void BrokerProcess::shut_down() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  const auto deadline = Clock::now() + std::chrono::seconds(30);
  while (Clock::now() < deadline) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return;
    }
    std::this_thread::sleep_for(kLook);
  }
  kill_now();
}

}  // namespace kseek::kafka_test
