#include "cli/follow_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/common.h"
#include "cli/terminal.h"

namespace kseek::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Takes the stream's text as it comes, and prints its events.
class Tail {
 public:
  Tail(const TableStyle& style, bool json) : style_(style), json_(json) {}

  /// False: stop, because nothing can be printed any more, or the server sent an error.
  bool take(std::string_view part) {
    text_.append(part);
    for (size_t end = text_.find("\n\n"); end != std::string::npos; end = text_.find("\n\n")) {
      const std::string lines = text_.substr(0, end);
      text_.erase(0, end + 2);
      const size_t data = lines.find("\ndata: ");
      if (!lines.starts_with("event: ") || data == std::string::npos) continue;  // keeps the connection alive
      if (!on_event(lines.substr(7, data - 7), lines.substr(data + 7))) return false;
    }
    return true;
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  bool on_event(const std::string& name, const std::string& data) {
    const Json json = Json::parse(data, nullptr, false);
    if (!json.is_object()) return fail_with("the server sent what is no event");
    if (name == "error") return fail_with(json.at("error").value("message", "the server gave up"));
    if (name == "hits") return on_hits(json.at("hits"));
    if (name == "skipped")
      tell(fmt::format("{} messages were skipped", json.at("messages").get<uint64_t>()), json, "because");
    if (name != "summary") return true;
    settled_ = true;
    if (!json.at("complete").get<bool>()) tell("not complete", json, "incomplete_because");
    std::reverse(first_.begin(), first_.end());
    return print(first_);
  }

  bool on_hits(const Json& hits) {
    if (settled_) return print({hits.begin(), hits.end()});
    first_.insert(first_.end(), hits.begin(), hits.end());  // newest first: printed at the summary
    return true;
  }

  bool print(const std::vector<Json>& hits) {
    std::string lines;
    for (const Json& hit : hits) lines += json_ ? hit.dump() + "\n" : hit_line(hit.dump(), style_);
    return print_all(lines) || fail_with("");
  }

  static void tell(const std::string& what, const Json& event, const char* reasons) {
    fmt::print(stderr, "kseek: {}\n", what);
    for (const Json& reason : event.value(reasons, Json::array())) {
      fmt::print(stderr, "       {}\n", fit(reason.get<std::string>(), 1000, false));
    }
  }

  bool fail_with(const std::string& message) {
    failed_ = true;
    if (!message.empty()) fmt::print(stderr, "kseek: {}\n", fit(message, 1000, false));
    return false;
  }

  const TableStyle style_;
  const bool json_;
  std::string text_;         // not yet a whole event
  std::vector<Json> first_;  // the newest, until the search that comes first is done
  bool settled_ = false;
  bool failed_ = false;
};

}  // namespace

int follow_search(HttpClient& client, const Question& question, const TableStyle& style, bool json) {
  Tail tail(style, json);
  const auto ended = client.stream(question, [&tail](std::string_view part) { return tail.take(part); });
  if (tail.failed()) return kFailed;
  if (!ended) return fail(ended.error());
  fmt::print(stderr, "kseek: the server ended the stream\n");
  return kFailed;
}

}  // namespace kseek::cli
