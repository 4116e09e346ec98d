#include "server/tokens.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace kseek::server {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr size_t kSecretBytes = 32;
constexpr size_t kMaxNameBytes = 64;
constexpr std::array kRoles{Role::kMetrics, Role::kSearch, Role::kOperate};
constexpr const char* kHead =
    "# Tokens of kseek, one a line: name, role, topics, salt, hash. Written by kseek token add and remove.\n";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool good_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_plain(c) || c == '@'; });
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

/// The bytes; empty when the text is not `count` bytes in hexadecimal digits.
std::string from_hex(std::string_view text, size_t count) {
  if (text.size() != count * 2) return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const size_t high = kDigits.find(text[i]);
    const size_t low = kDigits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return {};
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

/// Base64 for addresses (RFC 4648, section 5), without padding.
std::string to_base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(kDigits[bits >> (count - 6) & 63]);
  }
  if (count > 0) text.push_back(kDigits[bits << (6 - count) & 63]);
  return text;
}

Result<std::string> random_bytes(size_t count) {
  std::string bytes(count, '\0');
  if (gnutls_rnd(GNUTLS_RND_KEY, bytes.data(), bytes.size()) == 0) return bytes;
  return Error{ErrorCode::kUnavailable, "the system gives no random numbers", "try again"};
}

/// Empty if it can't be told, which fits nothing.
std::string hash_of(std::string_view salt, std::string_view token) {
  std::string text(salt);
  text.append(token);
  std::string hash(kHashBytes, '\0');
  if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text.data(), text.size(), hash.data()) != 0) hash.clear();
  return hash;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line.substr(0, line.find('#')));
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

Result<TokenRecord> parse_line(const std::vector<std::string>& words) {
  const Error wrong{ErrorCode::kInvalid, "a token needs a name, a role, topics, a salt and a hash",
                    "make tokens with: kseek token add NAME --role search --topics 'orders.*' --file FILE"};
  if (words.size() != 5 || !good_name(words[0])) return wrong;
  KSEEK_ASSIGN(const Role role, parse_role(words[1]));
  KSEEK_ASSIGN(auto topics, parse_topic_patterns(words[2]));
  TokenRecord record{words[0], role, std::move(topics), from_hex(words[3], kSaltBytes), from_hex(words[4], kHashBytes)};
  if (record.salt.empty() || record.hash.empty()) return wrong;
  return record;
}

Error cannot(const char* what, const std::string& path) {
  return {ErrorCode::kUnavailable, fmt::format("can't {} {}: {}", what, path, std::strerror(errno)), ""};
}

}  // namespace

const char* to_string(Role role) {
  switch (role) {
    case Role::kMetrics: return "metrics";
    case Role::kSearch: return "search";
    case Role::kOperate: return "operate";
  }
  return "metrics";
}

Result<Role> parse_role(std::string_view text) {
  for (const Role role : kRoles) {
    if (text == to_string(role)) return role;
  }
  return Error{ErrorCode::kInvalid, "there is no such role", "a role is search, operate or metrics"};
}

Result<std::vector<std::string>> parse_topic_patterns(std::string_view text) {
  std::vector<std::string> patterns;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view pattern = text.substr(begin, end - begin);
    const bool fine =
        std::all_of(pattern.begin(), pattern.end(), [](char c) { return is_plain(c) || c == '*'; }) && !pattern.empty();
    if (!fine) {
      return Error{ErrorCode::kInvalid, "the topics are not patterns parted by commas",
                   "write them as 'orders.*,logs-*'; '*' is all topics"};
    }
    patterns.emplace_back(pattern);
    begin = end + 1;
  }
  return patterns;
}

Result<std::vector<TokenRecord>> parse_tokens(std::string_view text) {
  std::vector<TokenRecord> tokens;
  std::istringstream in{std::string(text)};
  size_t number = 1;
  for (std::string line; std::getline(in, line); ++number) {
    const auto words = words_of(line);
    if (words.empty()) continue;
    auto record = parse_line(words);
    if (!record) {
      return Error{ErrorCode::kInvalid, fmt::format("line {}: {}", number, record.error().message),
                   record.error().hint};
    }
    const bool known =
        std::any_of(tokens.begin(), tokens.end(), [&](const TokenRecord& t) { return t.name == record->name; });
    if (known) {
      return Error{ErrorCode::kInvalid, fmt::format("line {}: there are two tokens \"{}\"", number, record->name),
                   "remove one, or give it another name"};
    }
    if (tokens.size() == kMaxTokens) {
      return Error{ErrorCode::kInvalid, fmt::format("there are more than {} tokens", kMaxTokens), "remove some"};
    }
    tokens.push_back(*std::move(record));
  }
  return tokens;
}

Result<std::vector<TokenRecord>> read_tokens(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) {
    if (errno != ENOENT) return cannot("read", path);
    return Error{ErrorCode::kNotFound, fmt::format("there is no file of tokens {}", path),
                 "make the first token with: kseek token add NAME --role operate --file " + path};
  }
  if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{ErrorCode::kInvalid, fmt::format("others than its owner may write to {}", path), "chmod go-w " + path};
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return cannot("read", path);
  auto tokens = parse_tokens(std::move(text).str());
  if (!tokens) return Error{ErrorCode::kInvalid, path + ", " + tokens.error().message, tokens.error().hint};
  return tokens;
}

Result<void> write_tokens(const std::string& path, const std::vector<TokenRecord>& tokens) {
  std::string text = kHead;
  for (const TokenRecord& t : tokens) {
    text += fmt::format("{} {} {} {} {}\n", t.name, to_string(t.role), fmt::join(t.topics, ","), to_hex(t.salt),
                        to_hex(t.hash));
  }
  struct stat old {};
  const mode_t mode = stat(path.c_str(), &old) == 0 ? old.st_mode & 0777 : S_IRUSR | S_IWUSR;
  std::string made = path + ".XXXXXX";
  const int fd = mkostemp(made.data(), O_CLOEXEC);
  if (fd < 0) return cannot("write beside", path);
  bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  written = written && fchmod(fd, mode) == 0;
  if (written && old.st_ino != 0 && geteuid() == 0) written = fchown(fd, old.st_uid, old.st_gid) == 0;
  written = written && fsync(fd) == 0;
  close(fd);
  if (written && rename(made.c_str(), path.c_str()) == 0) return {};
  const Error failed = cannot("write", path);
  unlink(made.c_str());
  return failed;
}

Result<NewToken> make_token(const std::string& name, Role role, std::vector<std::string> topics) {
  if (!good_name(name)) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no name for a token", name),
                 fmt::format("use letters, digits and . _ @ -, at most {}", kMaxNameBytes)};
  }
  KSEEK_ASSIGN(const std::string secret, random_bytes(kSecretBytes));
  KSEEK_ASSIGN(std::string salt, random_bytes(kSaltBytes));
  std::string token = "kseek_" + to_base64(secret);
  std::string hash = hash_of(salt, token);
  if (hash.empty()) return Error{ErrorCode::kInternal, "SHA-256 is not to be had", "check the system's GnuTLS"};
  return NewToken{std::move(token), {name, role, std::move(topics), std::move(salt), std::move(hash)}};
}

bool fits(const TokenRecord& record, std::string_view token) {
  const std::string hash = hash_of(record.salt, token);
  return hash.size() == record.hash.size() && gnutls_memcmp(hash.data(), record.hash.data(), hash.size()) == 0;
}

}  // namespace kseek::server
