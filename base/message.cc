#include "base/message.h"

#include "base/varint.h"

namespace kseek {

void append_header(std::string& encoded, std::string_view name, std::optional<std::string_view> value) {
  put_varint(encoded, name.size());
  encoded.append(name);
  put_varint(encoded, value ? value->size() + 1 : 0);
  if (value) encoded.append(*value);
}

void HeaderList::Iterator::advance() {
  done_ = true;
  const auto name_bytes = take_varint(rest_);
  if (!name_bytes || *name_bytes > rest_.size()) return;
  header_.name = rest_.substr(0, *name_bytes);
  rest_.remove_prefix(*name_bytes);
  const auto value_code = take_varint(rest_);
  if (!value_code || *value_code > rest_.size() + 1) return;
  header_.value.reset();
  if (*value_code > 0) {
    header_.value = rest_.substr(0, *value_code - 1);
    rest_.remove_prefix(*value_code - 1);
  }
  done_ = false;
}

}  // namespace kseek
