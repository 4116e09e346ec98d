// fold_with_origins: the same parts as fold_engine.cc, each byte of a folded part coming from the whole part.
#include <cassert>

#include "base/bytes.h"
#include "tokenizer/ascii.h"
#include "tokenizer/fold_engine.h"
#include "tokenizer/json_escape.h"
#include "tokenizer/text.h"
#include "tokenizer/utf8.h"

namespace kseek::tokenizer {
namespace {

/// Valid UTF-8 with, for each byte, where its character stands in the input.
struct Sourced {
  std::string text;
  std::vector<uint32_t> begin;
  std::vector<uint32_t> end;

  void append(std::string_view bytes, uint32_t from, uint32_t to) {
    text.append(bytes);
    begin.insert(begin.end(), bytes.size(), from);
    end.insert(end.end(), bytes.size(), to);
  }
};

/// Spells out escapes, and replaces what is ill-formed.
Sourced decode(std::string_view bytes, bool json_escapes) {
  Sourced out;
  const char* const first = bytes.data();
  const char* const end = first + bytes.size();
  for (const char* p = first; p < end;) {
    const Decoded decoded = json_escapes && *p == '\\' ? decode_json_escape(p, end) : decode_utf8(p, end);
    const auto from = static_cast<uint32_t>(p - first);
    char utf8[4];
    out.append({utf8, encode_utf8(decoded.c, utf8)}, from, from + decoded.length);
    p += decoded.length;
  }
  return out;
}

}  // namespace

FoldedWithOrigins fold_with_origins(std::string_view bytes, TextTraits traits) {
  assert(bytes.size() <= 256_MiB);
  const CharTable& table = CharTable::instance();
  const Sourced source = decode(bytes, traits.json_escapes);
  Sourced folded;
  FoldBuffer part;
  const char* const first = source.text.data();
  const char* const end = first + source.text.size();
  for (const char* p = first; p < end;) {
    const char* const part_end = end_of_part(table, p, end);
    part.clear();
    fold_with_icu({p, static_cast<size_t>(part_end - p)}, part);
    folded.append(part.view(), source.begin[static_cast<size_t>(p - first)],
                  source.end[static_cast<size_t>(part_end - first) - 1]);
    p = part_end;
  }
  return {std::move(folded.text), std::move(folded.begin), std::move(folded.end)};
}

}  // namespace kseek::tokenizer
