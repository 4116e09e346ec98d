#include "tests/server/api_document.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "server/page_files.h"
#include "tests/server/json_schema.h"

namespace kseek::testing {
namespace {

using Json = nlohmann::json;

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> all(1);
  for (const char c : path.substr(0, path.find('?'))) {
    if (c == '/') {
      all.emplace_back();
    } else {
      all.back() += c;
    }
  }
  return all;
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::equal(
      pattern.begin(), pattern.end(), path.begin(), path.end(),
      [](const std::string& a, const std::string& b) { return a.starts_with("{") ? !b.empty() : a == b; });
}

std::string header(const RawAnswer& answer, const std::string& name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? std::string() : found->second;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// Of an answer's body, by what the document says of the response. A body that was left out (HEAD) is not looked at.
std::string about_body(const Json& response, const RawAnswer& answer, bool head) {
  const std::string type = header(answer, "content-type").substr(0, header(answer, "content-type").find(';'));
  if (!response.contains("content")) return answer.body.empty() ? "" : "it has a body\n";
  if (!response["content"].contains(type)) return "its content type \"" + type + "\" is not in the document\n";
  const Json& content = response["content"][type];
  if (head || type != "application/json" || !content.contains("schema")) return "";
  const Json body = Json::parse(answer.body, nullptr, false);
  if (body.is_discarded()) return "its body is not JSON\n";
  return joined(misfits(api_document(), content["schema"], body));
}

}  // namespace

const Json& api_document() {
  static const Json document = Json::parse(server::openapi_files().front().plain);
  return document;
}

std::string path_of(std::string_view target) {
  const auto asked = segments(target);
  std::string found;
  for (const auto& path : api_document()["paths"].items()) {
    const bool exact = path.key().find('{') == std::string::npos;
    if (fits(segments(path.key()), asked) && (found.empty() || exact)) found = path.key();
  }
  return found;
}

std::string complaint(std::string_view method, std::string_view target, const RawAnswer& answer) {
  if (answer.status == 0) return "";
  const Json& document = api_document();
  const std::string path = path_of(target);
  std::string name = method == "HEAD" ? "get" : std::string(method);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string status = std::to_string(answer.status);
  std::string text = header(answer, "x-request-id").empty() ? "it has no X-Request-Id\n" : "";
  if (path.empty() || !document["paths"][path].contains(name)) {
    const bool refused = path.empty() ? answer.status == 404 || answer.status == 400 : answer.status == 405;
    if (!refused) text += "it is not refused\n";
    return text + joined(misfits(document, document["components"]["schemas"]["Error"],
                                 Json::parse(answer.body, nullptr, false)));
  }
  const Json& responses = document["paths"][path][name]["responses"];
  if (!responses.contains(status)) return text + "status " + status + " is not in the document\n";
  return text + about_body(resolve(document, responses[status]), answer, method == "HEAD");
}

}  // namespace kseek::testing
