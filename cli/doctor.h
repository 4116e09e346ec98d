// What `kseek doctor` looks at, one question a function: each answers with findings and changes nothing that stays.
#pragma once

#include <string>
#include <vector>

#include "cli/serve_config.h"

namespace kseek::cli {

enum class Health { kOk, kWarn, kFail };
[[nodiscard]] const char* to_string(Health health);  ///< "ok", "warn", "fail"

struct Finding {
  Health health = Health::kOk;
  std::string subject;  ///< "free space"
  std::string text;     ///< what was found
  std::string advice;   ///< what to do; empty when all is well
};
using Findings = std::vector<Finding>;

/// The data directory: writable, its file system, free space, whose it is, whether its catalog opens. Adds the topics
/// that it has to `topics`.
void look_at_directory(const ServeConfig& config, Findings& findings, std::vector<std::string>& topics);
/// Open files, memory, the clock's synchronisation, the port.
void look_at_machine(const ServeConfig& config, Findings& findings);
/// Brokers, their advertised addresses, and for each topic whether it may be described and read.
void look_at_kafka(const ServeConfig& config, const std::vector<std::string>& topics, Findings& findings);

}  // namespace kseek::cli
