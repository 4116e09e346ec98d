// Bare numbers where a time is asked for. They are epoch milliseconds, whatever their size, and topics may hold
// messages of such times; but people also write epoch seconds and offsets there. No state, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"

namespace kseek::cli {

/// The `offset_hint` of --from.
inline constexpr std::string_view kOffsetsToStartAt = "for offsets, write PARTITION:OFFSET: 0:100,1:250";

/// What to say of `text`, a time or a range of times (A..B) given as `option` ("--time"), when a bare number in it is a
/// time before 2001: what it was read as, and in `hint` what was perhaps meant. nullopt: there is nothing to say, also
/// of 0 and of -1 (messages without a time). `offset_hint` says how an offset is given there instead.
[[nodiscard]] std::optional<Error> bare_time_note(std::string_view option, std::string_view text,
                                                  std::string_view offset_hint);

/// Prints the note, if there is one, to stderr.
void warn_of_bare_time(std::string_view option, std::string_view text, std::string_view offset_hint);

}  // namespace kseek::cli
