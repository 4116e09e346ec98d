#include "server/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/glob.h"
#include "server/router.h"

namespace kseek::server {
namespace {

constexpr std::string_view kTopicPath = "/api/v1/topics/{}";

/// The token of "Bearer TOKEN"; empty when the header is of another form.
std::string_view bearer_token(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  const auto same = [](char a, char b) { return b == (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a); };
  if (header.size() < kScheme.size() ||
      !std::equal(kScheme.begin(), kScheme.end(), header.begin(), [&](char b, char a) { return same(a, b); })) {
    return {};
  }
  header.remove_prefix(kScheme.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header.substr(0, header.find(' '));
}

bool may_use(Role role, Need need) {
  switch (need) {
    case Need::kNothing:
    case Need::kMetrics: return true;
    case Need::kSearch: return role != Role::kMetrics;
    case Need::kOperate: return role == Role::kOperate;
  }
  return false;
}

}  // namespace

bool Caller::may_see(std::string_view topic) const {
  return std::any_of(topics.begin(), topics.end(), [&](const std::string& p) { return matches_glob(p, topic); });
}

Result<std::unique_ptr<Access>> Access::open(const std::string& path) {
  std::unique_ptr<Access> access(new Access(path));
  if (!path.empty()) KSEEK_TRY(access->reload());
  return access;
}

Result<void> Access::reload() {
  if (path_.empty()) return {};
  KSEEK_ASSIGN(std::vector<TokenRecord> records, read_tokens(path_));
  if (records.empty()) {
    return Error{ErrorCode::kInvalid, fmt::format("{} has no token, so nobody could use the server", path_),
                 "make one with: kseek token add NAME --role operate --file " + path_};
  }
  const std::lock_guard lock(mu_);
  auto tokens = std::make_shared<Tokens>();
  for (TokenRecord& record : records) {
    const auto same =
        std::find_if(tokens_->begin(), tokens_->end(), [&](const Known& k) { return k.record == record; });
    auto caller = same != tokens_->end() ? same->caller : std::make_shared<Caller>();
    if (same == tokens_->end()) {
      caller->name = record.name;
      caller->role = record.role;
      caller->topics = record.topics;
    }
    tokens->push_back({std::move(record), std::move(caller)});
  }
  for (const Known& old : *tokens_) {
    const bool stays =
        std::any_of(tokens->begin(), tokens->end(), [&](const Known& k) { return k.caller == old.caller; });
    if (!stays) old.caller->revoked = true;
  }
  tokens_ = std::move(tokens);
  return {};
}

/// All records are compared, whichever fits.
Result<std::shared_ptr<const Caller>> Access::identify(const Request& request) const {
  const std::string_view token = bearer_token(request.header("Authorization"));
  if (token.empty()) {
    return Error{ErrorCode::kUnauthorized, "this server asks for a token",
                 "send it as the header \"Authorization: Bearer TOKEN\"; on the command line set KSEEK_TOKEN"};
  }
  std::shared_ptr<const Tokens> tokens;
  {
    const std::lock_guard lock(mu_);
    tokens = tokens_;
  }
  std::shared_ptr<const Caller> found;
  for (const Known& known : *tokens) {
    if (fits(known.record, token)) found = known.caller;
  }
  if (found != nullptr) return found;
  return Error{ErrorCode::kUnauthorized, "the token is not known here",
               "it may have been removed: ask who runs this server for another"};
}

Result<void> Access::admit(const Route& route, Request& request) const {
  if (!asks_for_tokens() || route.need == Need::kNothing) return {};
  KSEEK_ASSIGN(request.caller, identify(request));
  if (!may_use(request.caller->role, route.need)) {
    return Error{ErrorCode::kForbidden,
                 fmt::format("the token \"{}\" has the role {}, which may not do this", request.caller->name,
                             to_string(request.caller->role)),
                 route.need == Need::kOperate ? "it takes a token with the role operate"
                                              : "it takes a token with the role search or operate"};
  }
  if (route.pattern.starts_with(kTopicPath)) KSEEK_TRY(check_topic(request, request.captures[0]));
  return {};
}

bool may_see(const Request& request, std::string_view topic) {
  return request.caller == nullptr || request.caller->may_see(topic);
}

Result<void> check_topic(const Request& request, std::string_view topic) {
  if (may_see(request, topic)) return {};
  return Error{ErrorCode::kForbidden,
               fmt::format("the token \"{}\" is not for the topic \"{}\"", request.caller->name, topic),
               "GET /api/v1/topics lists the topics that it is for"};
}

}  // namespace kseek::server
