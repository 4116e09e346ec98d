// Synthetic Kafka messages for the benchmarks: about 330 bytes each on average (key, value and headers), a mix of
//
//   35 %  JSON events      ids, a UUID, a trace id, nested order and items; key "order-<n>"; some with a trace-id
//   header 40 %  JSON logs        8 to 33 words of a Zipf vocabulary of 40,000, a trace id; key: the service, or null
//   15 %  access-log lines not JSON; a UUID as request id; key null
//   10 %  comments         Chinese, and Chinese with English words, in JSON; key "u-<n>"
//
// Message n depends on the options and n alone: any message can be made again, in any order, which is how a benchmark
// knows what to look for. Fast enough (over 500 MB/s) to be left out of what is measured. One thread per generator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/message.h"

namespace kseek::bench {

/// Where a message goes: partitions take turns.
struct Position {
  PartitionId partition;
  Offset offset;
  auto operator<=>(const Position&) const = default;
};

struct GeneratorOptions {
  uint64_t seed = 1;
  int partitions = 4;                  ///< >= 1
  Timestamp start{1'763'600'000'000};  ///< of message 0: 2025-11-20T00:53:20Z
  uint32_t interval_us = 1'000;        ///< between messages; their times rise by it …
  uint32_t jitter_ms = 250;            ///< … and are up to this much later than that
};

class MessageGenerator {
 public:
  explicit MessageGenerator(const GeneratorOptions& options);
  MessageGenerator(uint64_t seed, int partitions)
      : MessageGenerator(GeneratorOptions{.seed = seed, .partitions = partitions}) {}

  /// The next message, beginning with number 0. Its views die with the next call of next() or at().
  [[nodiscard]] MessageView next() { return at(next_++); }
  /// Message number `n`, always the same; does not move next().
  [[nodiscard]] MessageView at(uint64_t n);
  /// How many next() has given.
  [[nodiscard]] uint64_t generated() const { return next_; }

  /// Partition and offset of message `n`, and back.
  [[nodiscard]] Position position(uint64_t n) const;
  [[nodiscard]] uint64_t number(Position position) const;

  /// Puts `text` (a rare word, a phrase, a UUID) as words of its own into the value of message `n`, which gets that
  /// much longer. REQUIRES: no character that JSON escapes; at most 1,024 bytes a message.
  void plant(uint64_t n, std::string_view text);
  /// Message `first` and every `period`-th one after it, for words of a known frequency. REQUIRES: period > 0; as
  /// plant.
  void plant_every(uint64_t period, uint64_t first, std::string_view text);

  /// The vocabulary's word of a rank: 0 is the most frequent; words of the logs have a probability of about
  /// 1 / (11 * (rank + 1)). REQUIRES: rank < kVocabulary.
  [[nodiscard]] static std::string_view word(size_t rank);
  static constexpr size_t kVocabulary = 40'000;

 private:
  class Writer;
  struct Random;
  struct Periodic {
    uint64_t first = 0;
    std::string text;
  };

  void write_event(Writer& out, Random& random, uint64_t n);
  void write_log(Writer& out, Random& random);
  void write_access(Writer& out, Random& random);
  void write_comment(Writer& out, Random& random);
  void write_planted(Writer& out, uint64_t n, bool json);
  void set_clock(Timestamp time);

  const GeneratorOptions options_;
  uint64_t next_ = 0;
  std::multimap<uint64_t, std::string> planted_;  // by message number
  std::multimap<uint64_t, Periodic> periodic_;    // by period
  int64_t clock_day_ = -1;                        // the day that iso_ and clf_ hold
  std::array<char, 24> iso_{};                    // "2025-11-20T00:53:20.123Z"
  std::array<char, 26> clf_{};                    // "20/Nov/2025:00:53:20 +0000"
  std::array<char, 256> key_{};
  std::string headers_;
  std::array<char, 8192> value_{};
};

}  // namespace kseek::bench
