// Packed hexadecimal digits: what is packed comes back, in the bytes that docs/format.md has, and no bytes do harm.
#include "store/hex_packing.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "tests/store/random_messages.h"

namespace kseek::store {
namespace {

using namespace std::string_literals;

std::string unpacked(const HexPacked& packed, size_t bytes) {
  std::string raw(bytes, '?');
  return unpack_hex(packed.text, packed.digits, raw) ? raw : "not spelled";
}

TEST(HexPacking, SpellsAsDocumented) {
  struct Case {
    std::string raw, text, digits;
  };
  const std::string uuid = "3cef1ce8-f961-43f2-b169-ae97568015d2";
  const std::string uuid_bytes = "\x3c\xef\x1c\xe8\xf9\x61\x43\xf2\xb1\x69\xae\x97\x56\x80\x15\xd2"s;
  const std::vector<Case> cases = {
      {"", "", ""},
      {"no digits", "no digits", ""},
      {"short 1234567.", "short 1234567.", ""},
      {"trace deadbeef.", "trace \xFC\x04.", "\xde\xad\xbe\xef"},
      {"odd 123456789", "odd \xFC\x04"s + "9", "\x12\x34\x56\x78"},
      {"DEADBEEF", "DEADBEEF", ""},
      {uuid, "\xFB", uuid_bytes},
      {"id:" + uuid + "!", "id:\xFB!", uuid_bytes},
      {"0123456789ab" + uuid, "0123456789ab\xFB", uuid_bytes},
      {uuid + "-", "\xFB-", uuid_bytes},
      {uuid.substr(0, 35), "\xFC\x04-f961-43f2-b169-\xFC\x05"s + "d", "\x3c\xef\x1c\xe8\xae\x97\x56\x80\x15"},
      {uuid.substr(0, 35) + "G", "\xFC\x04-f961-43f2-b169-\xFC\x05"s + "dG", "\x3c\xef\x1c\xe8\xae\x97\x56\x80\x15"},
      {"\xFA\xFB\xFC\xFD\xFE", "\xFA\xFD\xFB\xFD\xFC\xFD\xFD\xFE", ""},
      {std::string(515, 'a'), "\xFC\xFF\xFC\x02"s + "a", std::string(257, '\xaa')},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.raw);
    HexPacked packed{"what was there", "before"};
    pack_hex(each.raw, packed);
    EXPECT_EQ(packed.text, each.text);
    EXPECT_EQ(packed.digits, each.digits);
    EXPECT_EQ(unpacked(packed, each.raw.size()), each.raw);
  }
}

/// Pieces that matter, in any order.
std::string random_text(RandomMessages& random) {
  static const std::array<std::string, 12> kPieces = {
      "3cef1ce8-f961-43f2-b169-ae97568015d2", "-",        "a",    "0",    "f961",     "deadbeef",
      "7b347670a114eb7a445ffb1320d0efde",     "trace_id", "错误", "\xFB", "\xFC\xFD", "\xFF" + std::string(3, '\0')};
  std::string text;
  for (size_t n = random.below(60); n > 0; --n) text += kPieces[random.below(kPieces.size())];
  return text;
}

TEST(HexPacking, WhatIsPackedComesBack) {
  RandomMessages random(1);
  HexPacked packed;
  for (int round = 0; round < 20'000; ++round) {
    const std::string raw = random_text(random);
    pack_hex(raw, packed);
    ASSERT_LE(packed.size(), 2 * raw.size());
    ASSERT_EQ(unpacked(packed, raw.size()), raw);
  }
}

TEST(HexPacking, NeitherMoreNorLessIsSpelled) {
  RandomMessages random(2);
  HexPacked packed;
  for (int round = 0; round < 2'000; ++round) {
    const std::string raw = random_text(random);
    if (raw.empty()) continue;
    pack_hex(raw, packed);
    EXPECT_EQ(unpacked(packed, raw.size() - 1), "not spelled") << raw;
    EXPECT_EQ(unpacked(packed, raw.size() + 1), "not spelled") << raw;
    EXPECT_EQ(unpacked({packed.text, packed.digits + "x"}, raw.size()), "not spelled") << raw;
    if (packed.digits.empty()) continue;
    packed.digits.pop_back();
    EXPECT_EQ(unpacked(packed, raw.size()), "not spelled") << raw;
  }
}

/// Each text has memory of its own, so that a sanitizer sees what is touched beyond it.
TEST(HexPacking, AnyBytesAreHarmless) {
  RandomMessages random(3);
  const auto any = [&random](size_t most) {
    std::vector<char> bytes(random.below(most + 1));
    for (char& c : bytes) c = static_cast<char>(random.one_in(2) ? 0xF8 + random.below(8) : random.below(256));
    return bytes;
  };
  int spelled = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::vector<char> text = any(12);
    const std::vector<char> digits = any(30);
    std::vector<char> raw(random.below(40));
    spelled += unpack_hex({text.data(), text.size()}, {digits.data(), digits.size()}, raw) ? 1 : 0;
  }
  EXPECT_GT(spelled, 100);
}

TEST(NeverPacked, LeavesOutWhatMayBePacked) {
  const std::vector<std::array<std::string, 2>> cases = {
      {"", ""},
      {"deadbeef", ""},
      {"fade", ""},
      {"-", ""},
      {"needle", "needl"},  // its e may begin a run
      {"timeout", "timeout"},
      {"a time", " tim"},
      {"t-abcd-1234567-t", "t-abcd-1234567-t"},
      {"t-abcd-12345678-to", "to"},  // a run for certain
      {"to-12345678", "to"},
      {"one\xFBthree", "thr"},  // a mark is spelled otherwise
      {"ERROR 0x1F", "ERROR 0x1F"},
      {"错误", "错误"},
  };
  for (const auto& [text, part] : cases) EXPECT_EQ(never_packed(text), part) << text;
}

/// Wherever the text stands, and wherever a frame ends in it.
TEST(NeverPackedProperty, StandsInThePackedText) {
  RandomMessages random(24);
  size_t parts = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string raw = random_text(random);
    if (raw.empty()) continue;
    const size_t begin = random.below(raw.size());
    const std::string_view text = std::string_view(raw).substr(begin, 1 + random.below(60));
    const std::string part(never_packed(text));
    ASSERT_NE(text.find(part), std::string_view::npos);
    const size_t cut = random.below(raw.size() + 1);
    HexPacked before, after, whole;
    pack_hex(raw.substr(0, cut), before);
    pack_hex(raw.substr(cut), after);
    pack_hex(raw, whole);
    EXPECT_NE(whole.text.find(part), std::string::npos) << part << " of " << text << " in " << raw;
    EXPECT_NE((before.text + after.text).find(part), std::string::npos) << part << " of " << text << " in " << raw;
    parts += part.size() > 1 ? 1 : 0;
  }
  EXPECT_GT(parts, 5'000U);
}

}  // namespace
}  // namespace kseek::store
