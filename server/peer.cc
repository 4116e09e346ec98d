#include "server/peer.h"

namespace kseek::server {

Peer& peer_of(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return *static_cast<Peer*>(info->socket_context);
}

/// GnuTLS asks which certificate to show, at the beginning of each connection. libmicrohttpd keeps the connection as
/// the session's pointer.
int show_certificate(gnutls_session_t session, const gnutls_cert_retr_st* /*info*/, gnutls_pcert_st** certificates,
                     unsigned* count, gnutls_ocsp_data_st** /*ocsp*/, unsigned* ocsp_count, gnutls_privkey_t* key,
                     unsigned* flags) {
  auto& pair = peer_of(static_cast<MHD_Connection*>(gnutls_session_get_ptr(session))).tls->current();
  *certificates = pair.chain.data();
  *count = static_cast<unsigned>(pair.chain.size());
  *ocsp_count = 0;
  *key = pair.key;
  *flags = 0;
  return 0;
}

}  // namespace kseek::server
