// The certificate and key that the server shows, read from PEM files and read again when they change: connections that
// begin from then on get the new ones. Any thread.
#pragma once

#include <gnutls/abstract.h>

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"

namespace kseek::server {

/// TLS 1.2 and 1.3, nothing older.
inline constexpr const char* kTlsPriorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

class TlsFiles {
 public:
  /// kInvalid: a file is no certificate or key in PEM, or the key is another certificate's. kUnavailable: it can't be
  /// read.
  [[nodiscard]] static Result<std::unique_ptr<TlsFiles>> open(std::string certificate_file, std::string key_file);

  /// Reads both again. An error leaves what was read before.
  [[nodiscard]] Result<void> reload();

  /// A certificate with those that lead to its authority, its own first, and its key.
  struct Pair {
    Pair() = default;
    ~Pair();
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    std::vector<gnutls_pcert_st> chain;
    gnutls_privkey_t key = nullptr;
    std::chrono::system_clock::time_point ends;  ///< the first of the chain to end
  };
  /// What is shown now; valid as long as this object.
  [[nodiscard]] Pair& current();

  /// Until what is shown ends; below 0: it has ended.
  [[nodiscard]] std::chrono::seconds left();
  /// Says in the log that it ends in less than kSoon, or has ended: once a day, and of each that is read.
  void warn_of_end();
  static constexpr std::chrono::hours kSoon{14 * 24};

 private:
  TlsFiles(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

  const std::string certificate_file_;
  const std::string key_file_;
  std::mutex mu_;
  /// guarded by mu_; the last is shown. Those before may be in use by a handshake, so they stay: some KiB a change.
  std::deque<std::unique_ptr<Pair>> pairs_;
  std::chrono::steady_clock::time_point warn_again_;  // guarded by mu_
};

}  // namespace kseek::server
