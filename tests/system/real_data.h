// Real logs and poems as messages, and a naive search over them: what the whole program is compared with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kseek::testing {

struct RealMessage {
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = 0;
  std::string value;
  std::vector<std::u32string> tokens;  ///< folded
};

/// Reads what `kcat -C -f '%p %o %T %S\n%s'` prints; tokens by the reference tokenizer.
[[nodiscard]] std::vector<RealMessage> parse_kcat(std::string_view output);

/// Token patterns in a row, as a person types them; `*` and `?` in words. Folded.
using NaivePhrase = std::vector<std::u32string>;

/// Scans: (partition, offset) of the matches, newest first by (time, partition, offset).
struct NaiveQuery {
  std::vector<NaivePhrase> phrases;  ///< all must match
  int32_t partition = -1;            ///< -1: any
  int64_t first_offset = 0, last_offset = INT64_MAX;
  int64_t first_ms = INT64_MIN, last_ms = INT64_MAX;
};
[[nodiscard]] std::vector<std::pair<int32_t, int64_t>> naive_search(const std::vector<RealMessage>& messages,
                                                                    const NaiveQuery& query);

[[nodiscard]] std::string to_utf8(std::u32string_view text);
[[nodiscard]] std::u32string to_utf32(std::string_view text);

}  // namespace kseek::testing
