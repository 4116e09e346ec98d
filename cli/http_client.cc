#include "cli/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "server/url.h"

namespace kseek::cli {
namespace {

/// Many proxies take no longer ones than 8 KiB; a server takes server/refusals.h's.
constexpr size_t kLongestAddress = 4096;

size_t collect(const char* data, size_t size, size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

ErrorCode code_of(const std::string& name, long status) {
  constexpr std::array kCodes{ErrorCode::kInvalid,      ErrorCode::kNotFound,  ErrorCode::kConflict,
                              ErrorCode::kUnavailable,  ErrorCode::kTooLarge,  ErrorCode::kTimeout,
                              ErrorCode::kUnauthorized, ErrorCode::kForbidden, ErrorCode::kTooMany,
                              ErrorCode::kCorrupt,      ErrorCode::kInternal};
  for (const ErrorCode code : kCodes) {
    if (name == to_string(code)) return code;
  }
  return status == 400 ? ErrorCode::kInvalid : ErrorCode::kInternal;
}

/// The error that the server's answer tells of.
Error error_of(const std::string& url, long status, const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    const auto& error = json["error"];
    return {code_of(error.value("code", ""), status), error.value("message", ""), error.value("hint", "")};
  }
  return {ErrorCode::kInternal, fmt::format("{} answered {} without saying why", url, status),
          "is it a kseek server? See --server"};
}

std::string without_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

}  // namespace

struct HttpClient::Handle {
  CURL* curl = curl_easy_init();
  curl_slist* headers = nullptr;
  void add_header(const std::string& line) { headers = curl_slist_append(headers, line.c_str()); }
  void clear_headers() {
    curl_slist_free_all(headers);
    headers = nullptr;
  }
  ~Handle() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  }
};

HttpClient::HttpClient(ServerChoice server, std::chrono::milliseconds limit)
    : server_(std::move(server)),
      url_(without_slash(server_.url)),
      limit_(limit),
      handle_(std::make_unique<Handle>()) {}
HttpClient::~HttpClient() = default;

Result<std::string> HttpClient::get(const std::string& path) { return perform("GET", path, nullptr); }
Result<std::string> HttpClient::ask(const Question& question) {
  return question.body ? post(question.path, *question.body) : get(question.path);
}
Result<std::string> HttpClient::post(const std::string& path, const std::string& json_body) {
  return perform("POST", path, &json_body);
}
Result<std::string> HttpClient::patch(const std::string& path, const std::string& json_body) {
  return perform("PATCH", path, &json_body);
}
Result<std::string> HttpClient::remove(const std::string& path) { return perform("DELETE", path, nullptr); }

/// The token goes as a header. curl keeps it out of its own words, and follows no redirect that could carry it
/// elsewhere.
Result<void> HttpClient::prepare(const char* method, const std::string& target, const std::string* json_body) {
  KSEEK_ASSIGN(const std::string token, token_of(server_));
  CURL* curl = handle_->curl;
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, target.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!server_.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, server_.ca_file.c_str());
  handle_->clear_headers();
  if (json_body != nullptr) {
    handle_->add_header("Content-Type: application/json");
    handle_->add_header("Expect:");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json_body->size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json_body->data());
  }
  if (!token.empty()) handle_->add_header("Authorization: Bearer " + token);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, handle_->headers);
  return {};
}

/// What curl's code says of a transfer.
Result<void> HttpClient::outcome(int code) const {
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not a server's address", url_),
                 fmt::format("write it as {}", "http://127.0.0.1:7420")};
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("{} can't prove who it is: {}", url_, curl_easy_strerror(static_cast<CURLcode>(code))),
                 "name a PEM file of those who vouch for it with --ca-file or KSEEK_CA_FILE"};
  }
  if (code != CURLE_OK) {
    return Error{ErrorCode::kUnavailable,
                 fmt::format("no answer from {}: {}", url_, curl_easy_strerror(static_cast<CURLcode>(code))),
                 "start a server with kseek serve or kseek demo, or say where it is with --server URL or KSEEK_SERVER"};
  }
  return {};
}

Result<std::string> HttpClient::perform(const char* method, const std::string& path, const std::string* body) {
  CURL* curl = handle_->curl;
  std::string answer;
  KSEEK_TRY(prepare(method, url_ + path, body));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(limit_.count()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  KSEEK_TRY(outcome(curl_easy_perform(curl)));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299) return error_of(url_, status, answer);
  return answer;
}

Result<void> HttpClient::stream(const Question& question, const std::function<bool(std::string_view)>& take) {
  struct Receiver {
    CURL* curl;
    const std::function<bool(std::string_view)>& take;
    std::string refusal = {};  // the body of an answer that is none
    bool stopped = false;
  } receiver{handle_->curl, take};
  const curl_write_callback receive = [](char* data, size_t size, size_t count, void* out) -> size_t {
    auto& to = *static_cast<Receiver*>(out);
    long status = 0;
    curl_easy_getinfo(to.curl, CURLINFO_RESPONSE_CODE, &status);
    const std::string_view part(data, size * count);
    if (status < 200 || status > 299) {
      to.refusal.append(part);
      return part.size();
    }
    to.stopped = !to.take(part);
    return to.stopped ? 0 : part.size();
  };
  const std::string* body = question.body ? &*question.body : nullptr;
  KSEEK_TRY(prepare(body == nullptr ? "GET" : "POST", url_ + question.path, body));
  curl_easy_setopt(handle_->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(handle_->curl, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle_->curl, CURLOPT_WRITEDATA, &receiver);
  const CURLcode code = curl_easy_perform(handle_->curl);
  if (receiver.stopped) return {};
  KSEEK_TRY(outcome(code));
  long status = 0;
  curl_easy_getinfo(handle_->curl, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299) return error_of(url_, status, receiver.refusal);
  return {};
}

std::string topic_path(const std::string& topic, const std::string& rest) {
  return "/api/v1/topics/" + server::percent_encode(topic) + rest;
}

namespace {

/// `long_path` takes the parameters as a body.
Question question_of(std::string path, std::string long_path, const std::vector<server::Parameter>& parameters) {
  for (const server::Parameter& p : parameters) {
    path += fmt::format("{}{}={}", &p == &parameters.front() ? '?' : '&', p.name, server::percent_encode(p.value));
  }
  if (path.size() <= kLongestAddress) return {std::move(path), std::nullopt};
  auto body = nlohmann::json::object();
  for (const server::Parameter& p : parameters) body[p.name] = p.value;
  return {std::move(long_path), body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

}  // namespace

Question search_question(const std::vector<server::Parameter>& parameters) {
  return question_of("/api/v1/search", "/api/v1/search", parameters);
}

Question messages_question(const std::string& topic, const std::vector<server::Parameter>& parameters) {
  return question_of(topic_path(topic, "/messages"), topic_path(topic, "/messages/read"), parameters);
}

}  // namespace kseek::cli
