#include "tests/system/real_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "tokenizer/tokenizer.h"

namespace kseek::testing {
namespace {

/// Whether the pattern matches, by dynamic programming over all prefixes: slow and plain.
bool word_matches(const std::u32string& pattern, const std::u32string& word) {
  if (pattern.find_first_of(U"*?") == std::u32string::npos) return pattern == word;
  std::vector<char> reach(word.size() + 1, 0);
  reach[0] = 1;
  for (const char32_t step : pattern) {
    std::vector<char> next(word.size() + 1, 0);
    for (size_t i = 0; i <= word.size(); ++i) {
      if (step == U'*') next[i] = static_cast<char>(reach[i] != 0 || (i > 0 && next[i - 1] != 0));
      if (step != U'*' && i > 0)
        next[i] = static_cast<char>(reach[i - 1] != 0 && (step == U'?' || step == word[i - 1]));
    }
    reach = std::move(next);
  }
  return reach[word.size()] != 0;
}

bool phrase_matches(const NaivePhrase& phrase, const std::vector<std::u32string>& tokens) {
  for (size_t begin = 0; begin + phrase.size() <= tokens.size(); ++begin) {
    size_t i = 0;
    while (i < phrase.size() && word_matches(phrase[i], tokens[begin + i])) ++i;
    if (i == phrase.size()) return true;
  }
  return false;
}

bool matches(const RealMessage& m, const NaiveQuery& q) {
  return (q.partition < 0 || m.partition == q.partition) && m.offset >= q.first_offset && m.offset <= q.last_offset &&
         m.timestamp_ms >= q.first_ms && m.timestamp_ms <= q.last_ms &&
         std::all_of(q.phrases.begin(), q.phrases.end(), [&](const auto& p) { return phrase_matches(p, m.tokens); });
}

bool is_json(const std::string& value) {
  const auto first = value.find_first_not_of(" \t\r\n");
  return first != std::string::npos && (value[first] == '{' || value[first] == '[') && nlohmann::json::accept(value);
}

}  // namespace

std::u32string to_utf32(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0x7FU >> length);
    for (size_t k = 1; k < length && i + k < text.size(); ++k) {
      c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    }
    out.push_back(c);
    i += length;
  }
  return out;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) {
    if (c < 0x80) {
      out.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
      out.push_back(static_cast<char>(0xC0U | (c >> 6)));
      out.push_back(static_cast<char>(0x80U | (c & 0x3FU)));
    } else if (c < 0x10000) {
      out.push_back(static_cast<char>(0xE0U | (c >> 12)));
      out.push_back(static_cast<char>(0x80U | ((c >> 6) & 0x3FU)));
      out.push_back(static_cast<char>(0x80U | (c & 0x3FU)));
    } else {
      out.push_back(static_cast<char>(0xF0U | (c >> 18)));
      out.push_back(static_cast<char>(0x80U | ((c >> 12) & 0x3FU)));
      out.push_back(static_cast<char>(0x80U | ((c >> 6) & 0x3FU)));
      out.push_back(static_cast<char>(0x80U | (c & 0x3FU)));
    }
  }
  return out;
}

std::vector<RealMessage> parse_kcat(std::string_view output) {
  std::vector<RealMessage> messages;
  while (!output.empty()) {
    const size_t end = output.find('\n');
    std::istringstream head{std::string(output.substr(0, end))};
    RealMessage m;
    size_t size = 0;
    head >> m.partition >> m.offset >> m.timestamp_ms >> size;
    m.value = output.substr(end + 1, size);
    output.remove_prefix(end + 1 + size);
    for (const std::string& token : tokenizer::reference_tokens(m.value, is_json(m.value))) {
      m.tokens.push_back(to_utf32(token));
    }
    messages.push_back(std::move(m));
  }
  return messages;
}

std::vector<std::pair<int32_t, int64_t>> naive_search(const std::vector<RealMessage>& messages,
                                                      const NaiveQuery& query) {
  std::vector<std::tuple<int64_t, int32_t, int64_t>> found;
  for (const RealMessage& m : messages) {
    if (matches(m, query)) found.emplace_back(m.timestamp_ms, m.partition, m.offset);
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::pair<int32_t, int64_t>> places;
  for (const auto& [time, partition, offset] : found) places.emplace_back(partition, offset);
  return places;
}

}  // namespace kseek::testing
