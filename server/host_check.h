// Which names of this server the header Host may have. A page of somewhere else can have its own name lead to this
// machine (DNS rebinding): its browser then takes kseek for the page's own server, and lets it read everything. Such a
// request tells itself by the name, so where no token keeps the page out, only names that are known to be ours are
// answered. An address can't be made to lead elsewhere.
//
// Constant: any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kseek::server {

class HostCheck {
 public:
  struct Options {
    std::string names;         ///< further ones, apart by commas, may have *; in any case
    std::string listen;        ///< "host:port": its host is a name of ours, too
    bool tokens = false;       ///< who asks shows a token: only `names`, if there are any, are looked at
    bool this_machine = true;  ///< nobody else can connect; else names of one label (a container's) are taken as well
  };
  explicit HostCheck(const Options& options);

  /// `host` as the header has it: "localhost:7420", "[::1]"; empty: there is none, so no browser asks. kForbidden: not
  /// a name of this server.
  [[nodiscard]] Result<void> check(std::string_view host) const;

 private:
  bool all_ = false;  ///< nothing is refused
  bool one_label_ = false;
  std::vector<std::string> names_;  ///< in small letters
};

}  // namespace kseek::server
