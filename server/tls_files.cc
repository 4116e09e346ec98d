#include "server/tls_files.h"

#include <fmt/format.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace kseek::server {
namespace {

constexpr unsigned kMaxChain = 16;

Result<std::string> content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (in) return std::move(text).str();
  return Error{ErrorCode::kUnavailable, fmt::format("can't read {}: {}", path, std::strerror(errno)),
               "see tls_cert_file and tls_key_file in [server]"};
}

Error wrong(const std::string& path, const char* what, int code) {
  return {ErrorCode::kInvalid, fmt::format("{} is not {}: {}", path, what, gnutls_strerror(code)),
          "both files are PEM text, the key without a password"};
}

gnutls_datum_t datum_of(std::string& text) {
  return {reinterpret_cast<unsigned char*>(text.data()), static_cast<unsigned>(text.size())};
}

/// Names a public key; empty when it can't be told.
std::string id_of(gnutls_pubkey_t key) {
  std::array<unsigned char, 64> id{};
  size_t size = id.size();
  if (gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id.data(), &size) != 0) return {};
  return {reinterpret_cast<const char*>(id.data()), size};
}

bool belong_together(gnutls_pubkey_t certified, gnutls_privkey_t key) {
  gnutls_pubkey_t own = nullptr;
  if (gnutls_pubkey_init(&own) != 0) return false;
  const std::string id = gnutls_pubkey_import_privkey(own, key, 0, 0) == 0 ? id_of(own) : "";
  gnutls_pubkey_deinit(own);
  return !id.empty() && id == id_of(certified);
}

/// When the first of them ends; one that doesn't say it counts as one that has ended.
std::chrono::system_clock::time_point end_of(std::vector<gnutls_pcert_st>& chain) {
  auto first = std::chrono::system_clock::time_point::max();
  for (gnutls_pcert_st& one : chain) {
    gnutls_x509_crt_t certificate = nullptr;
    const bool read = gnutls_pcert_export_x509(&one, &certificate) == 0;
    const time_t end = read ? std::max<time_t>(gnutls_x509_crt_get_expiration_time(certificate), 0) : 0;
    if (read) gnutls_x509_crt_deinit(certificate);
    first = std::min(first, std::chrono::system_clock::from_time_t(end));
  }
  return first;
}

}  // namespace

TlsFiles::Pair::~Pair() {
  for (gnutls_pcert_st& certificate : chain) gnutls_pcert_deinit(&certificate);
  if (key != nullptr) gnutls_privkey_deinit(key);
}

Result<std::unique_ptr<TlsFiles>> TlsFiles::open(std::string certificate_file, std::string key_file) {
  std::unique_ptr<TlsFiles> files(new TlsFiles(std::move(certificate_file), std::move(key_file)));
  KSEEK_TRY(files->reload());
  return files;
}

Result<void> TlsFiles::reload() {
  KSEEK_ASSIGN(std::string certificates, content_of(certificate_file_));
  KSEEK_ASSIGN(std::string key, content_of(key_file_));
  auto pair = std::make_unique<Pair>();
  const gnutls_datum_t certificate_text = datum_of(certificates);
  const gnutls_datum_t key_text = datum_of(key);
  pair->chain.resize(kMaxChain);
  unsigned count = kMaxChain;
  const int chain = gnutls_pcert_list_import_x509_raw(pair->chain.data(), &count, &certificate_text,
                                                      GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
  pair->chain.resize(chain == 0 ? count : 0);
  if (chain != 0) return wrong(certificate_file_, "a certificate, or a chain of them with the server's first", chain);
  int imported = gnutls_privkey_init(&pair->key);
  if (imported == 0) imported = gnutls_privkey_import_x509_raw(pair->key, &key_text, GNUTLS_X509_FMT_PEM, nullptr, 0);
  gnutls_memset(key.data(), 0, key.size());
  if (imported != 0) return wrong(key_file_, "a private key", imported);
  if (!belong_together(pair->chain.front().pubkey, pair->key)) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("the key {} is not that of the certificate {}", key_file_, certificate_file_),
                 "put the two files that belong together"};
  }
  pair->ends = end_of(pair->chain);
  const std::lock_guard lock(mu_);
  pairs_.push_back(std::move(pair));
  warn_again_ = {};
  return {};
}

TlsFiles::Pair& TlsFiles::current() {
  const std::lock_guard lock(mu_);
  return *pairs_.back();
}

std::chrono::seconds TlsFiles::left() {
  return std::chrono::floor<std::chrono::seconds>(current().ends - std::chrono::system_clock::now());
}

void TlsFiles::warn_of_end() {
  constexpr std::chrono::hours kDay{24};
  const auto log = spdlog::get("kseek");
  const std::chrono::seconds left = this->left();
  {
    const std::lock_guard lock(mu_);
    const auto now = std::chrono::steady_clock::now();
    if (log == nullptr || left >= kSoon || now < warn_again_) return;
    warn_again_ = now + kDay;
  }
  if (left.count() <= 0) {
    log->error("the certificate {} has ended: clients refuse it. Put a new one there (with its key)",
               certificate_file_);
  } else {
    log->warn("the certificate {} ends in {:.1f} days: put a new one there (with its key); it is read by itself",
              certificate_file_, std::chrono::duration<double, std::ratio<86400>>(left).count());
  }
}

}  // namespace kseek::server
