#include "server/header_list.h"

#include <algorithm>

namespace kseek::server {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return small(x) == small(y); });
}

/// Of what stands behind an item's first semicolon: "q=0", "q=0.000".
bool has_no_weight(std::string_view parameters) {
  for (size_t begin = 0; begin < parameters.size();) {
    const size_t end = std::min(parameters.find(';', begin), parameters.size());
    const std::string_view one = trimmed(parameters.substr(begin, end - begin));
    if (one.size() > 2 && same(one.substr(0, 2), "q=") && one.find_first_not_of("0.", 2) == std::string_view::npos) {
      return true;
    }
    begin = end + 1;
  }
  return false;
}

}  // namespace

bool lists(std::string_view header, std::string_view item) {
  for (size_t begin = 0; begin < header.size();) {
    const size_t end = std::min(header.find(',', begin), header.size());
    std::string_view part = trimmed(header.substr(begin, end - begin));
    begin = end + 1;
    if (part.starts_with("W/")) part.remove_prefix(2);
    const size_t name_end = std::min(part.find(';'), part.size());
    if (!same(trimmed(part.substr(0, name_end)), item)) continue;
    if (!has_no_weight(part.substr(name_end))) return true;
  }
  return false;
}

std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> items;
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find_first_of(", ", begin), list.size());
    if (end > begin) items.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

}  // namespace kseek::server
