#include "cli/server_choice.h"

#include <fmt/format.h>

#include <fstream>

namespace kseek::cli {

void add_server_option(CLI::App& command, ServerChoice& server) {
  constexpr const char* kGroup = "Server";
  command.add_option("--server", server.url, "The server's address")
      ->envname("KSEEK_SERVER")
      ->capture_default_str()
      ->group(kGroup);
  command.add_option("--token-file", server.token_file, "A file with the token that the server asks for")
      ->envname("KSEEK_TOKEN_FILE")
      ->group(kGroup);
  command
      .add_option("--token", server.token, "The token; better in KSEEK_TOKEN, as others can see a program's arguments")
      ->envname("KSEEK_TOKEN")
      ->group(kGroup);
  command
      .add_option("--ca-file", server.ca_file, "PEM: who may vouch for an https server; else whom the system trusts")
      ->envname("KSEEK_CA_FILE")
      ->group(kGroup);
}

Result<std::string> token_of(const ServerChoice& server) {
  std::string token = server.token;
  if (token.empty() && !server.token_file.empty()) {
    std::ifstream in(server.token_file);
    if (!(in >> token)) {
      return Error{ErrorCode::kNotFound, fmt::format("there is no token in {}", server.token_file),
                   "kseek token add prints one: put it there, readable for you alone"};
    }
  }
  if (token.find_first_of("\r\n") == std::string::npos) return token;
  return Error{ErrorCode::kInvalid, "a token has no line breaks", "give just the token"};
}

}  // namespace kseek::cli
