// JSON request bodies read into what they ask for. Any thread, no state.
// kInvalid: not JSON (with the byte where it stops being), not an object, an unknown member, or a member of a wrong
// type.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/producer.h"
#include "server/http_types.h"

namespace kseek::server {

/// {"topic","from","time":"create"|"ingest","retention","labels":[…]}; only "topic" is required.
[[nodiscard]] Result<indexer::OpenRequest> parse_open_body(std::string_view body);

/// {"retention"}: what of an open topic can be changed.
[[nodiscard]] Result<store::Retention> parse_retention_body(std::string_view body);

/// Nothing, or an object without members: what says all in its address.
[[nodiscard]] Result<void> parse_empty_body(std::string_view body);

/// {"key","value","partition","headers":[{"name","value"}],"timestamp"}; each may be absent, key and values null.
[[nodiscard]] Result<indexer::OutgoingMessage> parse_send_body(const std::string& topic, std::string_view body);

/// An object of these parameters, as they stand in an address: for what is too long for one. A value is a string;
/// numbers may be numbers, and 1 and 0 true and false; null is an absent one.
[[nodiscard]] Result<std::vector<Parameter>> parse_parameters_body(const std::vector<std::string>& names,
                                                                   std::string_view body);

}  // namespace kseek::server
