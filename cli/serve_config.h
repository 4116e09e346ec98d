// The settings of `kseek serve`: from kseek.toml, the environment and the command line.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/log_setup.h"
#include "indexer/indexer.h"
#include "server/http_server.h"
#include "store/store.h"

namespace kseek::cli {

/// cli/settings.h lists what of it can be set; docs/configuration.md says it to people.
struct ServeConfig {
  std::string data_dir;
  server::ServerOptions server;
  store::StoreOptions store;
  indexer::IndexerOptions indexer;  ///< brokers too
  LogOptions log;

  /// Who set what: "[server] listen" → "kseek.toml, line 3" or "KSEEK_SERVER_LISTEN".
  std::map<std::string, std::string> origins;
  std::vector<std::string> warnings;  ///< for the log, at the start
};

/// Reads kseek.toml over what `config` has. Spans are texts ("300s", "5m"); [kafka] has librdkafka's properties,
/// [[redact]] rules of redaction (redact_config.h). kInvalid names the file, the line, the key and what was expected;
/// kNotFound: there is no such file.
[[nodiscard]] Result<void> read_config(const std::string& path, ServeConfig& config);

/// Reads KSEEK_<TABLE>_<KEY> over what `config` has; KSEEK_KAFKA_SASL_PASSWORD is the property sasl.password.
/// `environment` as environ has it, "NAME=value". kInvalid names the variable. Those that look like settings and are
/// none become warnings: other programs (Kubernetes' links to services) make such names.
[[nodiscard]] Result<void> read_environment(const std::vector<std::string>& environment, ServeConfig& config);
[[nodiscard]] std::vector<std::string> process_environment();

/// What the command line says; it goes before everything else. Empty: nothing.
struct ServeArguments {
  std::string config = {};  ///< path of kseek.toml
  std::string brokers = {};
  std::string data_dir = {};
  std::string listen = {};
  std::string log_level = {};
  std::string log_format = {};
};
/// Command line over environment over file over defaults. Errors as above.
[[nodiscard]] Result<ServeConfig> gather_config(const ServeArguments& arguments);

}  // namespace kseek::cli
