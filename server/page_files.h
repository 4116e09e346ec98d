// The web page's files as they stand in server/page/, and server/openapi.json, put into the program when it is built
// (cmake/embed_files.cmake). Constant: any thread, lives as long as the program.
#pragma once

#include <span>
#include <string_view>

namespace kseek::server {

struct PageFile {
  std::string_view name;          ///< "app.js"
  std::string_view content_type;  ///< "text/javascript; charset=utf-8"
  std::string_view hash;          ///< of `plain`, as hexadecimal digits
  std::string_view plain;
  std::string_view gzip;  ///< the same, compressed
};

[[nodiscard]] std::span<const PageFile> page_files();
/// openapi.json alone.
[[nodiscard]] std::span<const PageFile> openapi_files();

}  // namespace kseek::server
