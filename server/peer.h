// What a connection of libmicrohttpd is tied to. Private to server/. On the connections' thread.
#pragma once

#include <gnutls/abstract.h>
#include <microhttpd.h>

#include "server/connection_watch.h"
#include "server/tls_files.h"

namespace kseek::server {

struct Peer {
  ConnectionWatch::Connection* watched = nullptr;
  TlsFiles* tls = nullptr;  ///< nullptr: without TLS
};

/// The connection's socket context, from its beginning to its end.
[[nodiscard]] Peer& peer_of(MHD_Connection* connection);

/// For MHD_OPTION_HTTPS_CERT_CALLBACK2: shows what the peer's TlsFiles has.
int show_certificate(gnutls_session_t session, const gnutls_cert_retr_st* info, gnutls_pcert_st** certificates,
                     unsigned* count, gnutls_ocsp_data_st** ocsp, unsigned* ocsp_count, gnutls_privkey_t* key,
                     unsigned* flags);

}  // namespace kseek::server
