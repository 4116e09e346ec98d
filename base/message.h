// A Kafka message as kseek passes it around: views into someone else's memory.
// Null is not empty: an absent key, value or header value is nullopt, an empty one is "".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace kseek {

struct Header {
  std::string_view name;
  std::optional<std::string_view> value;
};

/// Headers in the encoding that blocks store: for each header varint(name bytes), name, then varint(0) for a null
/// value or varint(value bytes + 1) and the value. Iterating decodes in place and allocates nothing; the encoding
/// must come from append_header (a block's checksum vouches for stored ones), and a malformed tail ends the iteration.
class HeaderList {
 public:
  HeaderList() = default;
  explicit HeaderList(std::string_view encoded) : encoded_(encoded) {}

  [[nodiscard]] std::string_view encoded() const { return encoded_; }
  [[nodiscard]] bool empty() const { return encoded_.empty(); }

  class Iterator {
   public:
    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) { advance(); }
    const Header& operator*() const { return header_; }
    const Header* operator->() const { return &header_; }
    Iterator& operator++() {
      advance();
      return *this;
    }
    bool operator==(const Iterator& other) const {
      return done_ == other.done_ && (done_ || rest_.data() == other.rest_.data());
    }

   private:
    void advance();
    std::string_view rest_;
    Header header_;
    bool done_ = true;
  };
  [[nodiscard]] Iterator begin() const { return Iterator(encoded_); }
  [[nodiscard]] Iterator end() const { return {}; }

 private:
  std::string_view encoded_;
};

/// Appends one header to an encoding that HeaderList reads.
void append_header(std::string& encoded, std::string_view name, std::optional<std::string_view> value);

/// Views die with whoever filled them in (a librdkafka message, an open block, a decoded block).
struct MessageView {
  PartitionId partition;
  Offset offset;
  Timestamp create_time;  ///< Kafka's timestamp of the record (-1: none), create or log-append by timestamp_type
  Timestamp ingest_time;  ///< when kseek first took it in
  TimestampType timestamp_type = TimestampType::kNone;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  HeaderList headers;

  [[nodiscard]] Timestamp time(TimeKind kind) const { return kind == TimeKind::kCreate ? create_time : ingest_time; }
  /// Bytes of key, value and encoded headers.
  [[nodiscard]] size_t raw_bytes() const {
    return (key ? key->size() : 0) + (value ? value->size() : 0) + headers.encoded().size();
  }
};

}  // namespace kseek
