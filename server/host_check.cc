#include "server/host_check.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>

#include "base/glob.h"
#include "server/header_list.h"

namespace kseek::server {
namespace {

/// "Example.com.:7420" → "example.com", "[::1]:7420" → "::1"
std::string name_of(std::string_view host) {
  std::string name;
  if (host.starts_with('[')) {
    name = host.substr(1, host.find(']') - 1);
  } else {
    name = host.substr(0, host.find(':'));
  }
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (name.ends_with('.')) name.pop_back();
  return name;
}

bool is_address(const std::string& name) {
  in6_addr room{};
  return inet_pton(AF_INET, name.c_str(), &room) == 1 || inet_pton(AF_INET6, name.c_str(), &room) == 1;
}

}  // namespace

HostCheck::HostCheck(const Options& options) : one_label_(!options.this_machine) {
  for (const std::string& name : items_of(options.names)) names_.push_back(name_of(name));
  all_ = options.tokens && names_.empty();
  names_.insert(names_.end(), {"localhost", name_of(options.listen)});
}

Result<void> HostCheck::check(std::string_view host) const {
  constexpr size_t kMostShown = 253;
  if (all_ || host.empty()) return {};
  const std::string name = name_of(host);
  const auto is_it = [&name](const std::string& known) { return matches_glob(known, name); };
  if (is_address(name) || std::any_of(names_.begin(), names_.end(), is_it)) return {};
  if (one_label_ && !name.empty() && name.find('.') == std::string::npos) return {};
  return Error{ErrorCode::kForbidden,
               fmt::format("this server does not know itself by the name \"{}\"", name.substr(0, kMostShown)),
               "ask for it by its address or as localhost, or add the name to hosts in [server]"};
}

}  // namespace kseek::server
