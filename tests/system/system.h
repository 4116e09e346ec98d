// What the tests of the whole program share: directories, a server as its own process, waiting for conditions.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/server/raw_http.h"
#include "tests/server/temp_dir.h"
#include "tests/system/process.h"

namespace kseek::testing {

using Json = nlohmann::json;

void write_file(const std::string& path, const std::string& content);

/// `kseek serve` on a free port.
class ServerProcess {
 public:
  /// `environment` is added to this program's, as NAME=VALUE; behind them may stand a program that runs it (prlimit …).
  ServerProcess(const std::string& data_dir, const std::string& brokers, const std::string& config = "",
                const std::vector<std::string>& environment = {});

  [[nodiscard]] bool ready() const { return !url_.empty(); }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] Process& process() { return process_; }
  [[nodiscard]] const Process& process() const { return process_; }
  [[nodiscard]] RawAnswer get(const std::string& target) const { return http(url_, "GET", target); }
  [[nodiscard]] RawAnswer call(const std::string& method, const std::string& target,
                               const std::string& body = "") const {
    return http(url_, method, target, body);
  }
  /// Messages taken in of a topic, over all partitions; -1 when it can't be asked.
  [[nodiscard]] int64_t taken_in(const std::string& topic) const;

 private:
  Process process_;
  std::string url_;
};

/// Waits until the condition holds; false after `limit`.
template <class Condition>
[[nodiscard]] bool eventually(Condition&& condition, std::chrono::seconds limit = std::chrono::seconds(60)) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

/// Follows the cursor to the end and calls `visit` with each hit. False when an answer fails or is not complete.
template <class Visit>
[[nodiscard]] bool for_each_hit(const std::string& url, const std::string& search, Visit&& visit) {
  std::string cursor;
  for (;;) {
    const RawAnswer answer = http(url, "GET", search + "&cursor=" + cursor);
    if (answer.status != 200) return false;
    const Json json = answer.json();
    if (!json["complete"].get<bool>()) return false;
    for (const Json& hit : json["hits"]) visit(hit);
    if (json["cursor"].is_null()) return true;
    cursor = json["cursor"].get<std::string>();
  }
}

}  // namespace kseek::testing
