#include "base/fault_point.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace kseek::fault {

std::atomic<bool> on{false};

namespace {

struct Fault {
  std::string name;
  int error = 0;  ///< 0: the process dies
  uint64_t pass = 1;
  bool from_then_on = false;
  uint64_t passed = 0;
};

std::optional<Fault> parse(std::string_view text) {
  const size_t first = text.find(':');
  const size_t second = text.find(':', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  Fault fault;
  fault.name = text.substr(0, first);
  const std::string_view action = text.substr(first + 1, second - first - 1);
  std::string_view pass = text.substr(second + 1);
  fault.from_then_on = pass.ends_with('+');
  if (fault.from_then_on) pass.remove_suffix(1);
  if (action == "EIO") {
    fault.error = EIO;
  } else if (action == "ENOSPC") {
    fault.error = ENOSPC;
  } else if (action != "kill") {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(pass.data(), pass.data() + pass.size(), fault.pass);
  if (fault.name.empty() || error != std::errc() || end != pass.data() + pass.size()) return std::nullopt;
  return fault;
}

/// Read once, before main().
struct Faults {
  Faults() {
    const char* const variable = std::getenv("KSEEK_FAULT");  // NOLINT: no other thread runs yet
    if (variable == nullptr) return;
    for (std::string_view rest = variable; !rest.empty();) {
      const std::string_view text = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), text.size() + 1));
      auto fault = parse(text);
      if (!fault) {
        static_cast<void>(std::fputs("kseek: KSEEK_FAULT is not a list of NAME:ACTION:N\n", stderr));
        _exit(2);
      }
      all.push_back(*std::move(fault));
    }
    on = true;
  }

  std::mutex mu;
  std::vector<Fault> all;  // guarded by mu
};

Faults faults;  // NOLINT: its constructor allocates; nothing can be done without memory

}  // namespace

Result<void> pass(const char* name) {
  const std::lock_guard lock(faults.mu);
  for (Fault& fault : faults.all) {
    if (fault.name != name) continue;
    const uint64_t passed = ++fault.passed;
    if (passed != fault.pass && !(fault.from_then_on && passed > fault.pass)) continue;
    if (fault.error == 0) {
      ::kill(::getpid(), SIGKILL);
      ::pause();
    }
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{}: {} (KSEEK_FAULT)", name, std::generic_category().message(fault.error)), ""};
  }
  return {};
}

}  // namespace kseek::fault
