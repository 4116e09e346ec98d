// Tells the service manager how it stands (systemd's sd_notify protocol: datagrams to NOTIFY_SOCKET). Without a manager
// all of it does nothing. One thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace kseek::cli {

class Notifier {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes them out of the environment: children are not
  /// meant.
  Notifier();
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void ready(std::string_view status) { send("READY=1\nSTATUS=" + std::string(status)); }
  void reloading();  ///< ready() says that it is done
  void stopping() { send("STOPPING=1"); }
  void alive() {
    if (watchdog_) send("WATCHDOG=1");
  }
  /// How often alive() is due; nullopt: nobody waits for it.
  [[nodiscard]] std::optional<std::chrono::milliseconds> due() const { return watchdog_; }

 private:
  void send(const std::string& state) const;
  int fd_ = -1;                                        // connected to the manager
  std::optional<std::chrono::milliseconds> watchdog_;  // a third of what the manager allows
};

}  // namespace kseek::cli
