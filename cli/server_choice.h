// Which server a command asks, and how it makes itself known there. Values.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <utility>

#include "base/result.h"

namespace kseek::cli {

inline constexpr const char* kDefaultServer = "http://127.0.0.1:7420";

struct ServerChoice {
  ServerChoice() = default;
  ServerChoice(std::string address) : url(std::move(address)) {}  // NOLINT: implicit by design

  std::string url = kDefaultServer;
  std::string token;       ///< empty: that of token_file
  std::string token_file;  ///< its first line is the token; empty: none is sent
  std::string ca_file;     ///< PEM: the authorities that may vouch for the server; empty: the system's
};

/// --server, --token, --token-file and --ca-file, each also as a variable of the environment.
void add_server_option(CLI::App& command, ServerChoice& server);

/// The token to send; empty: none. kNotFound: the file can't be read or is empty.
[[nodiscard]] Result<std::string> token_of(const ServerChoice& server);

}  // namespace kseek::cli
