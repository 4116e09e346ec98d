#include "tests/system/system.h"

#include <fstream>

namespace kseek::testing {
namespace {

std::vector<std::string> serve_arguments(const std::string& data_dir, const std::string& brokers,
                                         const std::string& config, const std::vector<std::string>& environment) {
  std::vector<std::string> arguments{"serve", "--data-dir", data_dir, "--listen", "127.0.0.1:0"};
  if (!brokers.empty()) arguments.insert(arguments.end(), {"--brokers", brokers});
  if (!config.empty()) arguments.insert(arguments.end(), {"--config", config});
  arguments = kseek_arguments(std::move(arguments));
  if (environment.empty()) return arguments;
  arguments.insert(arguments.begin(), environment.begin(), environment.end());
  arguments.insert(arguments.begin(), "env");
  return arguments;
}

}  // namespace

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

ServerProcess::ServerProcess(const std::string& data_dir, const std::string& brokers, const std::string& config,
                             const std::vector<std::string>& environment)
    : process_(serve_arguments(data_dir, brokers, config, environment)), url_(process_.read_line().value_or("")) {}

int64_t ServerProcess::taken_in(const std::string& topic) const {
  const RawAnswer answer = get("/api/v1/topics/" + topic + "/progress");
  if (answer.status != 200) return -1;
  int64_t sum = 0;
  const Json json = answer.json();
  for (const Json& row : json["partitions"]) sum += row["indexed_to"].get<int64_t>() - row["low"].get<int64_t>();
  return sum;
}

}  // namespace kseek::testing
