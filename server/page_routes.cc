// The web page: / and its files below /page/; /openapi.json. The page takes nothing from elsewhere, and what it may do
// is written down in its Content-Security-Policy: run its own scripts, talk to this server, and make markup from no
// string.
#include <fmt/format.h>

#include "server/header_list.h"
#include "server/page_files.h"
#include "server/routes.h"

namespace kseek::server {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

Response file_response(const PageFile& file, const Request& request) {
  const bool gzip = lists(request.header("Accept-Encoding"), "gzip");
  const std::string tag = fmt::format("\"{}{}\"", file.hash, gzip ? "-gzip" : "");
  Response response{.content_type = std::string(file.content_type),
                    .body = "",
                    .headers = {{"ETag", tag},
                                {"Cache-Control", "no-cache"},
                                {"Vary", "Accept-Encoding"},
                                {"Content-Security-Policy", kPolicy},
                                {"Cross-Origin-Opener-Policy", "same-origin"},
                                {"Referrer-Policy", "no-referrer"},
                                {"X-Content-Type-Options", "nosniff"}}};
  if (lists(request.header("If-None-Match"), tag)) {
    response.status = 304;
    return response;
  }
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = gzip ? file.gzip : file.plain;
  return response;
}

Result<Response> page_file(std::string_view name, const Request& request) {
  for (const PageFile& file : page_files()) {
    if (file.name == name) return file_response(file, request);
  }
  return Error{ErrorCode::kNotFound, fmt::format("the page has no file \"{}\"", name), "the page itself is at /"};
}

}  // namespace

void add_page_routes(Router& router) {
  // Parameters of the page's own address are the search that it shows; they are read there.
  static const std::vector<std::string> shown{"topic", "q",     "partition", "offset", "time",
                                              "order", "limit", "explain",   "open",   "follow"};
  const auto add = [&router](const char* pattern, std::vector<std::string> parameters, Handler handler) {
    router.add({"GET", pattern, Lane::kInline, std::move(parameters), std::move(handler), Need::kNothing});
  };
  add("/", shown, [](const Request& r) { return page_file("index.html", r); });
  add("/page/{}", {}, [](const Request& r) { return page_file(r.captures[0], r); });
  add("/openapi.json", {},
      [](const Request& r) -> Result<Response> { return file_response(openapi_files().front(), r); });
}

}  // namespace kseek::server
