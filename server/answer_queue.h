// Hands answers to libmicrohttpd. Private to server/. On the connections' thread.
#pragma once

#include <microhttpd.h>

#include "server/connection_watch.h"
#include "server/http_types.h"

namespace kseek::server {

/// Gives the answer to the connection: its text, or what comes through its stream. `watch` is told how a stream goes
/// on.
[[nodiscard]] MHD_Result queue_answer(MHD_Connection* connection, Response response, ConnectionWatch& watch,
                                      ConnectionWatch::Connection& watched);

}  // namespace kseek::server
