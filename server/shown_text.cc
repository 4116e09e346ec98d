#include "server/shown_text.h"

#include <algorithm>

namespace kseek::server {
namespace {

/// Bytes of the UTF-8 character at the front of `s`; 0 when it isn't one (Unicode 15, table 3-7).
size_t utf8_length(std::string_view s) {
  const auto at = [&](size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
  const auto follows = [&](size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return at(1) >= low && at(1) <= high && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return at(1) >= low && at(1) <= high && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

ShownText show_text(std::string_view bytes, size_t limit, const std::vector<ByteRange>& ranges) {
  constexpr std::string_view kReplacement = "\uFFFD";
  ShownText shown;
  std::vector<uint32_t> origin;  // by byte of shown.text: where its character begins in `bytes`
  size_t taken = 0;
  while (taken < bytes.size()) {
    const size_t length = utf8_length(bytes.substr(taken));
    const std::string_view character = length > 0 ? bytes.substr(taken, length) : kReplacement;
    if (shown.text.size() + character.size() > limit) break;
    shown.text.append(character);
    if (!ranges.empty()) origin.insert(origin.end(), character.size(), static_cast<uint32_t>(taken));
    taken += std::max<size_t>(length, 1);
  }
  shown.truncated = taken < bytes.size();
  const auto place = [&](uint32_t position) {
    return static_cast<uint32_t>(std::lower_bound(origin.begin(), origin.end(), position) - origin.begin());
  };
  for (const ByteRange& range : ranges) {
    if (range.begin >= taken || range.begin >= range.end) continue;
    const ByteRange there{place(range.begin), place(range.end)};
    if (there.begin < there.end) shown.ranges.push_back(there);
  }
  return shown;
}

Snippet show_around(std::string_view bytes, size_t limit, const std::vector<ByteRange>& ranges) {
  constexpr size_t kLongestCharacter = 4;
  Snippet snippet;
  const size_t match = ranges.front().begin;
  snippet.at = match - std::min<size_t>(match, limit / 3);
  // To the beginning of a character; stray bytes are one each, so only a few steps can be right.
  for (size_t step = 0; snippet.at > 0 && snippet.at < match && step < kLongestCharacter - 1; ++step) {
    if ((static_cast<unsigned char>(bytes[snippet.at]) & 0xC0U) != 0x80U) break;
    ++snippet.at;
  }
  std::vector<ByteRange> there;
  there.reserve(ranges.size());
  for (const ByteRange& range : ranges) {
    there.push_back({range.begin - static_cast<uint32_t>(snippet.at), range.end - static_cast<uint32_t>(snippet.at)});
  }
  snippet.shown = show_text(bytes.substr(snippet.at), limit, there);
  return snippet;
}

}  // namespace kseek::server
