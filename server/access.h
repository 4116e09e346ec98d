// Who may do what: tokens (tokens.h) as `Authorization: Bearer …`, read again when their file changes. Without a file
// of tokens everyone may everything.
//
// Any thread. A file that can't be read any more leaves the tokens that were read last, and says so in the log.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/tokens.h"

namespace kseek::server {

struct Request;
struct Route;

/// The owner of a token, as a request sees it. Constant, but for `revoked`.
struct Caller {
  std::string name;
  Role role = Role::kSearch;
  std::vector<std::string> topics;
  std::atomic<bool> revoked{false};  ///< the token is gone, or may something else now: streams end

  [[nodiscard]] bool may_see(std::string_view topic) const;
};

/// What a route asks of its caller.
enum class Need : uint8_t {
  kNothing,  ///< no token: health, the page's files
  kMetrics,  ///< any role
  kSearch,   ///< search or operate
  kOperate,
};

class Access {
 public:
  /// `path` empty: no tokens are asked for. Errors as read_tokens(); kInvalid too when the file has no token.
  [[nodiscard]] static Result<std::unique_ptr<Access>> open(const std::string& path);

  [[nodiscard]] bool asks_for_tokens() const { return !path_.empty(); }

  /// Lets the request in, and says whose it is (request.caller). kUnauthorized: a token is needed and there is none, or
  /// it is not known. kForbidden: it is not for this route, or not for the topic in the path.
  [[nodiscard]] Result<void> admit(const Route& route, Request& request) const;

  /// Reads the file again. The tokens that are in it are those that hold from now on; an error leaves them as they
  /// were.
  [[nodiscard]] Result<void> reload();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Known {
    TokenRecord record;
    std::shared_ptr<Caller> caller;
  };
  using Tokens = std::vector<Known>;
  explicit Access(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Result<std::shared_ptr<const Caller>> identify(const Request& request) const;

  const std::string path_;
  mutable std::mutex mu_;
  std::shared_ptr<const Tokens> tokens_ = std::make_shared<Tokens>();  // guarded by mu_: the pointer
};

/// True if the request's caller may see the topic: all may where no tokens are asked for.
[[nodiscard]] bool may_see(const Request& request, std::string_view topic);
/// kForbidden, the same whether the topic is there or not.
[[nodiscard]] Result<void> check_topic(const Request& request, std::string_view topic);

}  // namespace kseek::server
