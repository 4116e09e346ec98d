// The file of tokens: who may use the server, and for what. It has a line for each token:
//
//     name  role  topics  salt  hash          alice  search  orders.*,logs-*  <32 hex digits>  <64 hex digits>
//
// parted by blanks; `#` begins a comment. The token itself is nowhere: `hash` is SHA-256 of the salt's 16 bytes and the
// token's text. As a token is 256 random bits, nothing slower is needed to keep it from being guessed.
// Any thread, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kseek::server {

enum class Role : uint8_t {
  kMetrics,  ///< /metrics alone, for Prometheus
  kSearch,   ///< everything that only reads
  kOperate,  ///< also what changes something: open, close, reindex, send
};

[[nodiscard]] const char* to_string(Role role);  ///< "metrics", "search", "operate"
/// kInvalid names the three.
[[nodiscard]] Result<Role> parse_role(std::string_view text);

/// What is kept of a token.
struct TokenRecord {
  std::string name;  ///< letters, digits and . _ @ -; at most 64
  Role role = Role::kSearch;
  std::vector<std::string> topics;  ///< names, or patterns with *
  std::string salt;                 ///< 16 bytes
  std::string hash;                 ///< 32 bytes
  friend bool operator==(const TokenRecord&, const TokenRecord&) = default;
};

/// So many at most: each request with a token is compared with all of them.
inline constexpr size_t kMaxTokens = 1000;

/// "orders.*,logs-*" as its patterns. kInvalid: empty, or a character that no topic has.
[[nodiscard]] Result<std::vector<std::string>> parse_topic_patterns(std::string_view text);

/// kInvalid names the line and what was expected (never what stood there).
[[nodiscard]] Result<std::vector<TokenRecord>> parse_tokens(std::string_view text);

/// kNotFound: no such file. kInvalid: as parse_tokens, or others than its owner may write to it. kUnavailable: it can't
/// be read.
[[nodiscard]] Result<std::vector<TokenRecord>> read_tokens(const std::string& path);

/// Replaces the file as a whole (a new one is put in its place). Its mode stays; a new file is its owner's alone.
[[nodiscard]] Result<void> write_tokens(const std::string& path, const std::vector<TokenRecord>& tokens);

struct NewToken {
  std::string token;  ///< "kseek_" and 43 characters: to be shown once
  TokenRecord record;
};

/// kInvalid: the name has other characters, or is too long.
[[nodiscard]] Result<NewToken> make_token(const std::string& name, Role role, std::vector<std::string> topics);

/// True if the record is this token's. The time it takes does not depend on how much of it is right.
[[nodiscard]] bool fits(const TokenRecord& record, std::string_view token);

}  // namespace kseek::server
