// What an operator says of a topic when opening it, and whose messages it has; kept in the catalog.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace kseek::store {

/// How long messages stay findable.
struct Retention {
  enum class Kind : uint8_t {
    kFollow,    ///< exactly while Kafka has them: the partition's low watermark
    kDuration,  ///< while their time (the topic's time kind) is younger than `duration`, whatever Kafka does
    kForever,
  } kind = Kind::kFollow;
  std::chrono::milliseconds duration{0};
  bool operator==(const Retention&) const = default;
};

/// Reads "follow", "forever" or a duration (base/time.h).
[[nodiscard]] Result<Retention> parse_retention(std::string_view text);
[[nodiscard]] std::string to_string(const Retention& retention);

/// Where the messages come from.
enum class Source : uint8_t { kKafka = 0, kImport = 1 };

/// What a value must be to be indexed; others are dead letters. A null value is always taken.
enum class Require : uint8_t {
  kAnything = 0,
  kUtf8 = 1,
  kJson = 2,  ///< one object or array
};
/// Reads "anything", "utf8" or "json".
[[nodiscard]] Result<Require> parse_require(std::string_view text);
[[nodiscard]] const char* to_string(Require require);

struct TopicConfig {
  std::string name;
  Source source = Source::kKafka;
  /// earliest | latest | a time | "0:100,1:250" (partition:offset): where a partition without stored offset begins.
  std::string from = "earliest";
  TimeKind time_kind = TimeKind::kCreate;
  Retention retention;
  std::vector<std::string> labels;
  bool paused = false;
  Timestamp opened_at;
  Require require = Require::kAnything;
  /// Dead letters are also sent to this Kafka topic; empty: to the one that the process is configured with, if any.
  std::string dead_letter_topic = {};
  /// The Kafka cluster that the messages are of, as its brokers name it; empty: nobody has said it yet.
  std::string cluster_id = {};
  bool operator==(const TopicConfig&) const = default;
};

/// Something that happened to a topic and that people should know of.
struct TopicEvent {
  Timestamp time;
  std::string text;
  bool operator==(const TopicEvent&) const = default;
};
inline constexpr size_t kKeptEvents = 20;  ///< the newest ones; earlier ones are forgotten

/// kInvalid unless 1..249 of [a-zA-Z0-9._-], not "." or ".." (Kafka's rule).
[[nodiscard]] Result<void> check_topic_name(std::string_view name);

}  // namespace kseek::store
