// Which slices have a term that a pattern may match: by a scan of the dictionary below what the pattern begins with. A
// whole dictionary is large where a segment is, so that threads go through parts of it at once.
#pragma once

#include <string_view>

#include "base/result.h"
#include "query/slice_set.h"
#include "query/term_source.h"
#include "tokenizer/pattern.h"

namespace kseek::query {

/// Whether terms below this prefix are all terms of a field.
inline bool is_whole_dictionary(std::string_view prefix) { return prefix.size() == 1; }

/// The slices of `among` that have a term which begins with `prefix`, a field's byte and what the pattern begins with,
/// and which the pattern may match. `among` itself when they are no fewer, and when it costs more than `seconds` of one
/// core to find out. On this thread and on helpers. Errors: the source's.
[[nodiscard]] Result<SliceSet> scan_dictionary(const tokenizer::TokenPattern& pattern, std::string_view prefix,
                                               TermSource& source, const SliceSet& among, double seconds);

}  // namespace kseek::query
