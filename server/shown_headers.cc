#include "server/shown_headers.h"

#include <algorithm>

#include "server/shown_text.h"

namespace kseek::server {
namespace {

constexpr size_t kAround = 16;    // bytes of JSON around a header
constexpr size_t kShortest = 64;  // nothing is cut shorter to make room for later headers

/// Together, if each name and value is cut to `cap`.
size_t bytes_with(const std::vector<Header>& headers, size_t cap) {
  size_t bytes = 0;
  for (const Header& header : headers) {
    bytes += kAround + std::min(header.name.size(), cap) + std::min(header.value.value_or("").size(), cap);
  }
  return bytes;
}

/// The largest cut with which all fit, from kShortest to the limit of one.
size_t cap_of(const std::vector<Header>& headers, const HeaderLimits& limits) {
  size_t fits = std::min(kShortest, limits.text_bytes);
  size_t most = limits.text_bytes;
  while (fits < most) {
    const size_t middle = fits + (most - fits + 1) / 2;
    if (bytes_with(headers, middle) <= limits.total_bytes) {
      fits = middle;
    } else {
      most = middle - 1;
    }
  }
  return fits;
}

}  // namespace

ShownHeaders show_headers(const HeaderList& headers, const HeaderLimits& limits) {
  ShownHeaders shown;
  std::vector<Header> first;
  for (const Header& header : headers) {
    shown.truncated = first.size() >= limits.total_bytes / kAround;
    if (shown.truncated) break;
    first.push_back(header);
  }
  const size_t cap = cap_of(first, limits);
  size_t left = limits.total_bytes;
  const auto show = [&](std::string_view bytes) {
    ShownText text = show_text(bytes, std::min(cap, left));
    shown.truncated = shown.truncated || text.truncated;
    left -= text.text.size();
    return std::move(text.text);
  };
  for (const Header& header : first) {
    if (left < kAround) {
      shown.truncated = true;
      break;
    }
    left -= kAround;
    ShownHeader& one = shown.list.emplace_back();
    one.name = show(header.name);
    if (header.value) one.value = show(*header.value);
  }
  return shown;
}

}  // namespace kseek::server
