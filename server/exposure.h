// Says in the log what an operator should know about who can reach the server.
#pragma once

namespace kseek::server {

/// The listening socket can't be reached from other machines.
[[nodiscard]] bool only_this_machine(int listening_fd);

/// A warning if the listening socket can be reached from other machines, and anybody who reaches it may use it, or
/// reads what goes over the network.
void warn_of_exposure(int listening_fd, bool with_tls, bool with_tokens);

}  // namespace kseek::server
