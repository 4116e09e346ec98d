#include "tests/tokenizer/random_text.h"

#include <cstdlib>

namespace kseek::tokenizer {

uint64_t test_seed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("KSEEK_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }();
  return seed;
}

const std::vector<RandomText::Range>& RandomText::scripts() {
  static const std::vector<Range> ranges = {
      {'a', 'z'},         {'A', 'Z'},         {'0', '9'},         {0x00, 0x7F},       {0x80, 0xFF},
      {0x100, 0x24F},     {0x300, 0x36F},     {0x370, 0x3FF},     {0x400, 0x4FF},     {0x590, 0x5FF},
      {0x600, 0x6FF},     {0x900, 0x97F},     {0xB80, 0xBFF},     {0xE01, 0xE5B},     {0xE80, 0xEDF},
      {0xF00, 0xFFF},     {0x1000, 0x109F},   {0x1100, 0x11FF},   {0x1780, 0x17FF},   {0x1E00, 0x1EFF},
      {0x1F00, 0x1FFF},   {0x2000, 0x206F},   {0x2100, 0x218F},   {0x3000, 0x303F},   {0x3041, 0x309F},
      {0x30A0, 0x30FF},   {0x3099, 0x309A},   {0x3200, 0x33FF},   {0x4E00, 0x9FFF},   {0xAC00, 0xD7A3},
      {0xF900, 0xFAFF},   {0xFB00, 0xFB4F},   {0xFB50, 0xFDFF},   {0xFE00, 0xFE0F},   {0xFF01, 0xFF5E},
      {0xFF61, 0xFF9F},   {0xFFA0, 0xFFDC},   {0xFEFF, 0xFEFF},   {0xAD, 0xAD},       {0x200B, 0x200F},
      {0x11000, 0x111FF}, {0x1D100, 0x1D1FF}, {0x1D400, 0x1D7FF}, {0x1F300, 0x1F64F}, {0x1F900, 0x1FAFF},
      {0x20000, 0x2A6DF}, {0x2F800, 0x2FA1D}, {0xE0001, 0xE01EF}, {0x80, 0xFFFF},     {0x10000, 0x10FFFF},
      {0x10400, 0x1044F}, {0x1E900, 0x1E943}, {0xA9E0, 0xAA7F},   {0x1100, 0x1112},   {0x1161, 0x1175},
  };
  return ranges;
}

void RandomText::append_char(const Range& range, std::string& out) {
  const auto c = static_cast<char32_t>(range.first + below(range.last - range.first + 1));
  out += c >= 0xD800 && c <= 0xDFFF ? "\xEF\xBF\xBD" : utf8(c);
}

void RandomText::append_broken(std::string& out) {
  static const std::vector<std::string> broken = {
      "\x80", "\xC0\x80",     "\xE4\xBD", "\xED\xA0\xBD\xED\xB8\x80", "\xF0\x9F\x98", "\xF4\x90\x80", "\xE0\x80\x80",
      "\xFF", "\xF8\x88\x80", "\xC3",     "\xF0\x80\x80\x80",         "\xED\xA0\x80"};
  if (one_in(2)) {
    out += broken[below(broken.size())];
  } else {
    out += static_cast<char>(below(256));
  }
}

std::string RandomText::any(size_t max_chars) {
  Range used[4];
  for (Range& range : used) range = scripts()[below(scripts().size())];
  const bool ascii_too = one_in(2);
  const bool broken_too = one_in(4);
  std::string out;
  for (size_t left = below(max_chars + 1); left > 0; --left) {
    if (broken_too && one_in(6)) {
      append_broken(out);
    } else if (ascii_too && one_in(3)) {
      // long runs too, so that they cross the blocks of the fast path
      for (size_t n = one_in(8) ? below(100) : 1; n > 0; --n) append_char({' ', '~'}, out);
    } else {
      append_char(used[below(4)], out);
    }
  }
  return out;
}

std::string RandomText::of(const std::vector<std::string>& alphabet, size_t max_chars) {
  std::string out;
  for (size_t left = below(max_chars + 1); left > 0; --left) out += alphabet[below(alphabet.size())];
  return out;
}

}  // namespace kseek::tokenizer
