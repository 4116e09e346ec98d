// Path patterns and methods to handlers. Filled once, then constant: any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/access.h"
#include "server/http_types.h"

namespace kseek::server {

/// Where a handler runs.
enum class Lane : uint8_t {
  kInline,   ///< at once, on the connections' thread: must not block
  kSearch,   ///< on the search pool
  kControl,  ///< on the pool of what may wait for a broker or the disk
};

using Handler = std::function<Result<Response>(const Request&)>;

struct Route {
  std::string method;
  std::string pattern;  ///< "/api/v1/topics/{}/progress": {} stands for one segment, not empty
  Lane lane = Lane::kControl;
  std::vector<std::string> parameters;  ///< the names that the query may have
  Handler handler;
  Need need = Need::kOperate;  ///< what the caller must be allowed to
};

class Router {
 public:
  void add(Route route);
  /// All of them, in the order in which they were added.
  [[nodiscard]] std::vector<Route> routes() const;

  /// Sets request.captures. A GET route takes HEAD too. kNotFound: no such path (the message says "path");
  /// kInvalid: an unknown parameter. A path that is there, but not with this method, gives a 405 response in `refused`.
  [[nodiscard]] Result<const Route*> find(Request& request, Response& refused) const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

/// Runs the handler; its error becomes the answer.
[[nodiscard]] Response run(const Route& route, const Request& request);

}  // namespace kseek::server
