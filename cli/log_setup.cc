#include "cli/log_setup.h"

#include <fmt/format.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/time.h"

namespace kseek::cli {
namespace {

constexpr std::array<std::pair<const char*, spdlog::level::level_enum>, 4> kLevels{{{"debug", spdlog::level::debug},
                                                                                    {"info", spdlog::level::info},
                                                                                    {"warn", spdlog::level::warn},
                                                                                    {"error", spdlog::level::err}}};

Result<spdlog::level::level_enum> level_of(const std::string& name) {
  for (const auto& [known, level] : kLevels) {
    if (name == known) return level;
  }
  return Error{ErrorCode::kInvalid, fmt::format("there is no log level \"{}\"", name),
               "write debug, info, warn or error"};
}

const char* name_of(spdlog::level::level_enum level) {
  for (const auto& [name, known] : kLevels) {
    if (level == known) return name;
  }
  return level > spdlog::level::err ? "error" : "debug";
}

void add_number(nlohmann::ordered_json& event, const char* name, std::string_view digits) {
  uint64_t number = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc() && rest == digits.data() + digits.size() && !digits.empty()) event[name] = number;
}

/// {"time":…,"level":…,"topic":…,"partition":…,"message":…} and a line break.
class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch());
    nlohmann::ordered_json event{{"time", format_time(Timestamp{since.count()})}, {"level", name_of(message.level)}};
    const LogSubject subject = subject_of({message.payload.data(), message.payload.size()});
    if (!subject.topic.empty()) event["topic"] = subject.topic;
    add_number(event, "partition", subject.partition);
    add_number(event, "job", subject.job);
    event["message"] = subject.text;
    const std::string line = event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    out.append(line.data(), line.data() + line.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

/// Takes `before` off the text, and what follows it up to one of `ends`.
std::optional<std::string_view> take(std::string_view& text, std::string_view before, std::string_view ends) {
  if (!text.starts_with(before)) return std::nullopt;
  const size_t end = text.find_first_of(ends, before.size());
  if (end == std::string_view::npos || end == before.size()) return std::nullopt;
  const std::string_view taken = text.substr(before.size(), end - before.size());
  text.remove_prefix(end);
  return taken;
}

bool are_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

LogSubject subject_of(std::string_view line) {
  LogSubject subject;
  std::string_view rest = line;
  if (const auto topic = take(rest, "topic ", ":, ")) {
    subject.topic = *topic;
    std::string_view behind = rest;
    if (const auto partition = take(behind, ", partition ", ": ,"); partition && are_digits(*partition)) {
      subject.partition = *partition;
      rest = behind;
    }
  } else if (const auto job = take(rest, "job ", ": ")) {
    if (!are_digits(*job)) return {{}, {}, {}, line};
    subject.job = *job;
  }
  if (!rest.starts_with(": ")) return {{}, {}, {}, line};  // only reads like one
  subject.text = rest.substr(2);
  return subject;
}

Result<void> set_up_log(const LogOptions& options) {
  KSEEK_ASSIGN(const auto level, level_of(options.level));
  if (options.format != "text" && options.format != "json") {
    return Error{ErrorCode::kInvalid, fmt::format("there is no log format \"{}\"", options.format),
                 "write text or json"};
  }
  auto logger = spdlog::get("kseek");
  if (logger == nullptr) logger = spdlog::stderr_color_mt("kseek");
  logger->set_level(level);
  if (options.format == "json") logger->set_formatter(std::make_unique<JsonFormatter>());
  return {};
}

Result<void> set_log_level(const std::string& level) {
  KSEEK_ASSIGN(const auto known, level_of(level));
  spdlog::get("kseek")->set_level(known);
  return {};
}

void log_line(LogLevel level, std::string_view text) {
  const auto spdlog_level = level == LogLevel::kInfo   ? spdlog::level::info
                            : level == LogLevel::kWarn ? spdlog::level::warn
                                                       : spdlog::level::err;
  spdlog::get("kseek")->log(spdlog_level, "{}", text);
}

}  // namespace kseek::cli
