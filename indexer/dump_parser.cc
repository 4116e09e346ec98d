#include "indexer/dump_parser.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <limits>

#include "base/message.h"

namespace kseek::indexer {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(kLinePadding >= simdjson::SIMDJSON_PADDING);

Error unexpected(std::string_view field, std::string_view expected) {
  return {ErrorCode::kInvalid, fmt::format("field \"{}\": {} was expected", field, expected), ""};
}

/// Every byte of `line` as the code point of that number: always valid UTF-8, and widen/narrow are each other's
/// inverse.
std::string widen(std::string_view line) {
  std::string wide;
  wide.reserve(line.size() + line.size() / 4 + kLinePadding);
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      wide.push_back(c);
    } else {
      wide.push_back(static_cast<char>(0xC0 | (byte >> 6)));
      wide.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
  }
  return wide;
}

/// Undoes widen() in the arena from `begin` on; code points above U+00FF (from escapes) stay as they are.
void narrow(std::string& arena, size_t begin) {
  size_t out = begin;
  for (size_t i = begin; i < arena.size(); ++i) {
    const auto byte = static_cast<unsigned char>(arena[i]);
    if ((byte == 0xC2 || byte == 0xC3) && i + 1 < arena.size()) {
      const auto low = static_cast<unsigned char>(arena[++i]);
      arena[out++] = static_cast<char>(((byte & 0x03) << 6) | (low & 0x3F));
    } else {
      arena[out++] = arena[i];
    }
  }
  arena.resize(out);
}

}  // namespace

struct DumpParser::Impl {
  ondemand::parser parser;
  std::string name;      // scratch of one header
  std::string value;     // scratch of one header
  bool widened = false;  // the line's strings are to be narrowed
  bool payload = false;  // the line has this field

  void append(std::string& arena, std::string_view text) const {
    const size_t begin = arena.size();
    arena.append(text);
    if (widened) narrow(arena, begin);
  }

  /// A string, null, or any other JSON value as its text (decoded payloads: kcat -s avro).
  Result<ArenaSlice> text(ondemand::value field, std::string_view name_of_field, std::string& arena) const {
    ondemand::json_type type{};
    if (field.type().get(type) != simdjson::SUCCESS) return unexpected(name_of_field, "a string or null");
    ArenaSlice slice{arena.size(), 0, type == ondemand::json_type::null};
    std::string_view found;
    if (type == ondemand::json_type::string) {
      if (field.get_string().get(found) != simdjson::SUCCESS) return unexpected(name_of_field, "a string");
    } else if (simdjson::to_json_string(field).get(found) != simdjson::SUCCESS) {
      return unexpected(name_of_field, "a JSON value");
    }
    if (!slice.absent) append(arena, found);
    slice.size = arena.size() - slice.begin;
    return slice;
  }

  Result<ArenaSlice> headers(ondemand::value field, std::string& arena) {
    ArenaSlice slice{arena.size(), 0, true};
    bool is_null = false;
    if (field.is_null().get(is_null) == simdjson::SUCCESS && is_null) return slice;
    const auto wrong = [] { return unexpected("headers", "an array of names and values, one after the other"); };
    ondemand::array items;
    if (field.get_array().get(items) != simdjson::SUCCESS) return wrong();
    bool expects_name = true;
    for (auto item : items) {
      ondemand::value element;
      if (item.get(element) != simdjson::SUCCESS) return wrong();
      std::string& scratch = expects_name ? name : value;
      scratch.clear();
      KSEEK_ASSIGN(const ArenaSlice part, text(element, "headers", scratch));
      if (expects_name && part.absent) return wrong();
      if (!expects_name) append_header(arena, name, part.in(value));
      expects_name = !expects_name;
    }
    if (!expects_name) return wrong();
    slice.size = arena.size() - slice.begin;
    slice.absent = slice.size == 0;
    return slice;
  }

  Result<void> field(std::string_view key, ondemand::value value_of_key, DumpLine& line, std::string& arena) {
    if (key == "payload") {
      payload = true;
      KSEEK_ASSIGN(line.value, text(value_of_key, key, arena));
    } else if (key == "key") {
      KSEEK_ASSIGN(line.key, text(value_of_key, key, arena));
    } else if (key == "headers") {
      KSEEK_ASSIGN(line.headers, headers(value_of_key, arena));
    } else if (key == "partition" || key == "offset" || key == "ts") {
      int64_t number = 0;
      if (value_of_key.get_int64().get(number) != simdjson::SUCCESS) return unexpected(key, "a whole number");
      if (key == "ts") {
        line.time = Timestamp{number};
      } else if (number < 0 || (key == "partition" && number > std::numeric_limits<int32_t>::max())) {
        return unexpected(key, "a number of 0 or more");
      } else if (key == "offset" && number == kMaxOffset.value) {
        return unexpected(key, fmt::format("a number up to {}", kMaxOffset.value - 1));
      } else if (key == "offset") {
        line.offset = Offset{number};
      } else {
        line.partition = PartitionId{static_cast<int32_t>(number)};
      }
    } else if (key == "tstype") {
      std::string_view type;
      if (value_of_key.get_string().get(type) != simdjson::SUCCESS) return unexpected(key, "a string");
      line.timestamp_type = type == "create"      ? TimestampType::kCreateTime
                            : type == "logappend" ? TimestampType::kLogAppendTime
                                                  : TimestampType::kNone;
    }
    return {};
  }

  /// nullopt: the bytes aren't UTF-8.
  Result<std::optional<DumpLine>> parse(const char* data, size_t size, std::string& arena) {
    ondemand::document document;
    const auto error = parser.iterate(data, size, size + kLinePadding).get(document);
    if (error == simdjson::UTF8_ERROR) return std::optional<DumpLine>();
    const auto wrong = [](simdjson::error_code why) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("a JSON object as `kcat -J` writes it was expected ({})", simdjson::error_message(why)),
                   ""};
    };
    if (error != simdjson::SUCCESS) return wrong(error);
    ondemand::object object;
    if (const auto why = document.get_object().get(object); why != simdjson::SUCCESS) return wrong(why);
    DumpLine line;
    payload = false;
    for (auto entry : object) {
      std::string_view key;
      ondemand::value value_of_key;
      if (const auto why = entry.unescaped_key().get(key); why != simdjson::SUCCESS) return wrong(why);
      if (const auto why = entry.value().get(value_of_key); why != simdjson::SUCCESS) return wrong(why);
      KSEEK_TRY(field(key, value_of_key, line, arena));
    }
    const char* rest = nullptr;
    if (document.current_location().get(rest) == simdjson::SUCCESS) return wrong(simdjson::TAPE_ERROR);
    if (!payload) {
      return Error{ErrorCode::kInvalid, "a message as `kcat -J` writes it was expected: there is no field \"payload\"",
                   "write the dump with `kcat -C -t TOPIC -e -J`; a message without a value has \"payload\":null"};
    }
    return std::optional<DumpLine>(line);
  }
};

DumpParser::DumpParser() : impl_(std::make_unique<Impl>()) {}
DumpParser::~DumpParser() = default;

Result<DumpLine> DumpParser::parse(std::string_view line, std::string& arena) {
  const size_t begin = arena.size();
  impl_->widened = false;
  KSEEK_ASSIGN(std::optional<DumpLine> parsed, impl_->parse(line.data(), line.size(), arena));
  if (parsed) return *parsed;
  arena.resize(begin);
  impl_->widened = true;
  std::string wide = widen(line);
  const size_t size = wide.size();
  wide.resize(size + kLinePadding);
  KSEEK_ASSIGN(parsed, impl_->parse(wide.data(), size, arena));
  return *parsed;  // widened text is UTF-8
}

}  // namespace kseek::indexer
