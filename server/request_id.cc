#include "server/request_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>

namespace kseek::server {
namespace {

constexpr size_t kLongest = 128;

bool may_be_in(char c) {
  constexpr std::string_view kOthers = "-_.:/+=@";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kOthers.find(c) != std::string_view::npos;
}

/// Different for each request of this process, and most likely for those of others.
uint64_t next_number() {
  static std::atomic<uint64_t> next{(uint64_t{std::random_device{}()} << 32) | std::random_device{}()};
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;  // so that neighbours look unlike each other
  return next++ * kOdd;
}

}  // namespace

std::string request_id(std::string_view sent) {
  const bool fine = !sent.empty() && sent.size() <= kLongest && std::all_of(sent.begin(), sent.end(), may_be_in);
  return fine ? std::string(sent) : fmt::format("{:016x}", next_number());
}

}  // namespace kseek::server
