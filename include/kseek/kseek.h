// kseek, embedded: finds any message of the Kafka topics in a data directory. This is the whole public face.
//
//   kseek::Reader  reads a directory, beside the process that owns it or without one; it sees what was sealed
//   kseek::Owner   owns a directory: opens topics, tails them from Kafka in this process, and searches them
//
// Both answer the same questions (kseek::Directory): search by query text or by a query built in code, messages from a
// position on, one message by its position.
//
// Ownership: what is returned owns its bytes; nothing points into the library. Reader and Owner are moved, not copied;
//   closing one while a call on it runs, or a HitStream of it lives, is an error of the program.
// Threads: every member function may be called from any thread at any time, but for construction, moving and closing. A
//   HitStream belongs to one thread at a time. Values (Query, Hit …) are as safe as standard containers.
// Errors: returned, as Result<T>; nothing is thrown but std::bad_alloc, and std::bad_variant_access by a Result that is
//   asked for what it has not. Absence is an empty optional.
// Text is UTF-8; keys and values are the bytes that were sent. Positions in them are bytes. Times are UTC.
// Stability: names and meanings stay within a version's 0.MINOR; `v1` below is part of the binary interface.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#define KSEEK_API __attribute__((visibility("default")))

namespace kseek {
// The library's own sources have other names in namespace kseek.
#ifdef KSEEK_BUILDING_LIBRARY
namespace v1 {
#else
inline namespace v1 {
#endif

// --- errors ---------------------------------------------------------------------------------------------------------

/// What the caller can do about it.
enum class ErrorCode {
  kInvalid,      ///< the input is wrong: fix it
  kNotFound,     ///< no such topic, partition or directory
  kConflict,     ///< it is already so, or someone else holds it
  kUnavailable,  ///< broker or disk is not there now: retry
  kTooLarge,     ///< over a stated limit
  kTimeout,      ///< ran out of time, or was cancelled
  kCorrupt,      ///< bytes on disk are not what was written: rebuild
  kInternal,     ///< a bug: report it
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  ///< names the thing that is wrong, and where
  std::string hint;     ///< the next step; may be empty
};

/// A value or an Error, with std::expected's member names.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design
  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }
  [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: implicit by design
  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<std::monostate, Error> state_;
};

// --- messages -------------------------------------------------------------------------------------------------------

using TimePoint = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// Which of a message's two times its topic is ordered and searched by.
enum class TimeKind {
  kCreate,  ///< the message's own
  kIngest,  ///< when kseek took it in
};

/// What Kafka says a message's own time is.
enum class TimestampType { kNone, kCreateTime, kLogAppendTime };

struct Header {
  std::string name;
  std::optional<std::string> value;  ///< absent: null
};

/// A message whole, however large. Null is not empty: a null key or value is absent.
struct Message {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<TimePoint> timestamp;    ///< the one that its topic is searched by; absent: it has none
  std::optional<TimePoint> create_time;  ///< absent: it has none
  TimePoint ingest_time;
  TimestampType timestamp_type = TimestampType::kNone;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<Header> headers;
};

/// A part of the key or value that a query matched.
struct MatchedPart {
  enum class In { kKey, kValue } in = In::kValue;
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Hit {
  Message message;
  std::vector<MatchedPart> matched;  ///< by position, not overlapping; at most 32; none in texts over 1 MiB
};

// --- queries --------------------------------------------------------------------------------------------------------

/// Where a phrase or a regular expression is looked for.
struct Where {
  enum class In { kKeyOrValue, kKey, kValue, kHeader, kAnyHeader, kField } in = In::kKeyOrValue;
  std::string name;  ///< kHeader: its exact name; kField: the path of a JSON value's field, "items[*].sku"
  static Where key() { return {In::kKey, {}}; }
  static Where value() { return {In::kValue, {}}; }
  static Where header(std::string name) { return {In::kHeader, std::move(name)}; }
  static Where any_header() { return {In::kAnyHeader, {}}; }
  static Where field(std::string path) { return {In::kField, std::move(path)}; }
};

/// A condition on messages, built in code; each function says the same as the query text that stands beside it
/// (docs/query.md). What is wrong in one (a phrase without a word, an expression that does not compile) is kept,
/// passes on to what is built of it, and makes the search kInvalid; error() tells it before. A value, cheap to copy.
class KSEEK_API Query {
 public:
  Query();  ///< everything
  Query(const Query&) noexcept;
  Query& operator=(const Query&) noexcept;
  ~Query();

  /// What a person types. Relative times (time:-15m..) count from now: to follow a cursor, keep the Query.
  static Query text(std::string_view query_text);
  /// "payment timeout"   key:order-10427*   header.trace-id:4bf9*   value.items[*].sku:"SKU-17134"
  /// Words apart by spaces are adjacent, in this order; `*` and `?` are wildcards, `\` takes a meaning away.
  static Query phrase(std::string_view words, const Where& where = {});
  /// value:/timeout after \d+ms/   RE2's syntax, on the text as it was sent (in a field, escapes spelled out).
  static Query regex(std::string_view pattern, const Where& where = {}, bool ignore_case = false);
  /// value.path:*   value.path:null   value.path:true
  static Query field_exists(std::string_view path);
  static Query field_is_null(std::string_view path);
  static Query field_is(std::string_view path, bool value);
  /// value.amount:120.5 as JSON spells numbers: the text keeps every digit.
  static Query field_equals(std::string_view path, std::string_view number);
  static Query field_equals(std::string_view path, std::int64_t number);
  /// value.amount:100..200, both ends included; "" leaves an end open.
  static Query field_between(std::string_view path, std::string_view low, std::string_view high);
  /// partition:0,3   offset:1000..2000   time:2026-11-20T10:00..2026-11-20T11:00, both ends included.
  static Query partitions(const std::vector<std::int32_t>& partitions);
  static Query offsets(std::int64_t first, std::int64_t last = std::numeric_limits<std::int64_t>::max());
  static Query times(std::optional<TimePoint> first, std::optional<TimePoint> last);

  /// a b   a OR b   NOT a. Of none: everything; any_of() none is wrong, and so is the opposite of everything.
  static Query all_of(const std::vector<Query>& queries);
  static Query any_of(const std::vector<Query>& queries);
  friend KSEEK_API Query operator!(const Query& query);
  friend Query operator&&(const Query& a, const Query& b) { return all_of({a, b}); }
  friend Query operator||(const Query& a, const Query& b) { return any_of({a, b}); }

  /// What is wrong with it; empty: nothing.
  [[nodiscard]] std::optional<Error> error() const;
  /// As a person would write it, more or less.
  [[nodiscard]] std::string to_string() const;

  struct Impl;  ///< the library's own
  explicit Query(std::shared_ptr<const Impl> impl);
  [[nodiscard]] const Impl* impl() const { return impl_.get(); }

 private:
  std::shared_ptr<const Impl> impl_;
};

enum class Order {
  kNewest,  ///< (timestamp, partition, offset), each descending
  kOldest,  ///< its exact reverse
};

inline constexpr std::size_t kMaxHits = 10;

/// `text` and `query` must both match, and the message stand in all that is given.
struct SearchRequest {
  std::vector<std::string> topics;  ///< at least one; names, or patterns with *
  std::string text;                 ///< what a person types; empty: everything
  Query query;
  std::optional<std::vector<std::int32_t>> partitions;                  ///< absent: all
  std::int64_t first_offset = 0;                                        ///< both ends included
  std::int64_t last_offset = std::numeric_limits<std::int64_t>::max();  ///< of each partition
  std::optional<TimePoint> first_time, last_time;                       ///< both included; absent: open
  Order order = Order::kNewest;
  std::size_t limit = kMaxHits;                  ///< 1 to kMaxHits
  std::string cursor;                            ///< of an earlier answer to the same request; empty: from the start
  std::chrono::milliseconds deadline{10'000};    ///< of work; what is not done by then is the next page's
  const std::atomic<bool>* cancelled = nullptr;  ///< when it turns true the call ends with kTimeout
};

/// How far a partition is known.
struct Coverage {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t low = 0;             ///< messages below have expired
  std::int64_t indexed_to = 0;      ///< messages below were considered
  std::optional<std::int64_t> end;  ///< Kafka's end of the log; absent: not known (always so for a Reader)
  std::uint64_t lag = 0;            ///< messages between the two
  std::uint64_t dead_letters = 0;   ///< messages that could not be indexed
};

struct SearchAnswer {
  std::vector<Hit> hits;  ///< at most the limit, in order
  bool complete = false;  ///< every retained message, up to Kafka's end of the log, was considered
  std::vector<std::string> incomplete_because;  ///< for a person; empty when complete
  bool more = false;
  std::string cursor;  ///< goes on behind the last hit, also where time ran out; empty when there is no more
  std::chrono::microseconds took{0};
  std::vector<Coverage> coverage;
};

/// Messages from a position on. From an offset they come in offset order; from a time, those at or after it in the
/// order of time, partition, offset.
struct MessagesAnswer {
  std::vector<Message> messages;  ///< at most kMaxHits, and 10 MiB; one always fits
  bool complete = false;          ///< nothing retained is missing in between
  std::vector<std::string> incomplete_because;
  bool more = false;
  std::vector<Coverage> coverage;
  std::int64_t next_offset = 0;                             ///< from an offset: where to go on, also at the end
  std::vector<std::pair<std::int64_t, std::int64_t>> gaps;  ///< from an offset: first to last without a message
  std::vector<std::string> notes;                           ///< for instance that the offset has expired
  std::string cursor;                                       ///< from a time: where to go on; empty: no more
};

struct PartitionInfo {
  std::int32_t partition = 0;
  std::int64_t low = 0;
  std::int64_t indexed_to = 0;  ///< messages below were taken in
  std::int64_t sealed_to = 0;   ///< messages below are on disk: a Reader that refreshes sees them
  std::optional<std::int64_t> end;
  std::uint64_t messages = 0;
  std::uint64_t dead_letters = 0;
};

struct TopicInfo {
  std::string name;
  TimeKind time = TimeKind::kCreate;
  std::string retention;  ///< "follow", "forever" or a duration: "3d"
  std::vector<std::string> labels;
  std::uint64_t messages = 0;
  std::uint64_t raw_bytes = 0;     ///< of keys, values and headers on disk
  std::uint64_t stored_bytes = 0;  ///< what they take there
  std::uint64_t index_bytes = 0;
  std::vector<PartitionInfo> partitions;
};

// --- directories ----------------------------------------------------------------------------------------------------

/// Goes through all hits of a search, page by page, each once, while messages come and go. One thread at a time.
class KSEEK_API HitStream {
 public:
  HitStream(HitStream&&) noexcept;
  HitStream& operator=(HitStream&&) noexcept;
  ~HitStream();

  /// The next hit; empty when there are no more. After an error it ends.
  [[nodiscard]] Result<std::optional<Hit>> next();
  /// Of the pages so far.
  [[nodiscard]] bool complete() const;
  [[nodiscard]] const std::vector<std::string>& incomplete_because() const;
  [[nodiscard]] const std::vector<Coverage>& coverage() const;  ///< of the newest page

  struct Impl;  ///< the library's own
  explicit HitStream(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

/// What can be asked of a data directory.
class KSEEK_API Directory {
 public:
  /// At most ten hits. kInvalid: says where in the text or the query, or which of limit and cursor. kNotFound: no
  /// such topic. kTimeout: it was cancelled. A Reader's answer is not complete: it can't know where Kafka's log ends.
  [[nodiscard]] Result<SearchAnswer> search(const SearchRequest& request) const;
  /// All of them, one by one. The request's deadline does not count, its limit is the size of a page.
  [[nodiscard]] HitStream find(const SearchRequest& request) const;

  /// Empty: there is none (never was, has expired, was compacted away).
  [[nodiscard]] Result<std::optional<Message>> get(std::string_view topic, std::int32_t partition,
                                                   std::int64_t offset) const;
  /// An offset that has expired begins at the first that has not, and says so in `notes`. kNotFound: no such topic or
  /// partition.
  [[nodiscard]] Result<MessagesAnswer> messages_from_offset(std::string_view topic, std::int32_t partition,
                                                            std::int64_t offset, std::size_t limit = kMaxHits) const;
  /// `partitions`: absent for all. `cursor`: of an earlier answer to the same question. Unlike Kafka's look-up by
  /// time (the first offset whose timestamp is at or after it, and what follows by offset) none comes that is
  /// earlier.
  [[nodiscard]] Result<MessagesAnswer> messages_from_time(
      std::string_view topic, TimePoint time, const std::optional<std::vector<std::int32_t>>& partitions = {},
      const std::string& cursor = {}, std::size_t limit = kMaxHits) const;

  [[nodiscard]] std::vector<TopicInfo> topics() const;  ///< by name
  [[nodiscard]] Result<TopicInfo> topic(std::string_view name) const;

  struct Impl;  ///< the library's own

 protected:
  explicit Directory(std::unique_ptr<Impl> impl);
  Directory(Directory&&) noexcept;
  Directory& operator=(Directory&&) noexcept;
  ~Directory();
  std::unique_ptr<Impl> impl_;
};

struct ReaderOptions {
  std::uint64_t block_cache_bytes = 64ULL << 20;  ///< decoded messages kept for the next search
};

/// Reads beside an owner, or without one. It holds files of the directory open, so that nothing vanishes from under
/// it.
class KSEEK_API Reader : public Directory {
 public:
  /// As of now. kNotFound: no such directory, or nothing in it yet. kInvalid: not a kseek directory, or of a newer
  /// format.
  [[nodiscard]] static Result<Reader> open(const std::string& directory, const ReaderOptions& options = {});
  /// From now on it answers as of now: what was sealed, opened, closed and has expired since. Costs about what open()
  /// costs (some 10 ms). Searches under way go on as of before; cursors and HitStreams stay good.
  [[nodiscard]] Result<void> refresh();

 private:
  using Directory::Directory;
};

struct OwnerOptions {
  std::string brokers;                       ///< "host:port,…"; empty: no Kafka, only what is there can be searched
  std::map<std::string, std::string> kafka;  ///< any librdkafka property (SASL, TLS …)
  std::uint64_t memory_limit_bytes = 512ULL << 20;  ///< of messages not on disk yet; over it tailing waits
  std::chrono::milliseconds seal_after{300'000};    ///< at most this old they go to disk, where Readers see them
  std::uint64_t block_cache_bytes = 64ULL << 20;
  unsigned workers = 0;  ///< background threads; 0: one a core
  std::size_t max_topics = 10'000;
};

enum class TopicState {
  kStarting,  ///< waits for a broker: see the reason
  kCatchingUp,
  kRunning,
  kPaused,
  kRecreating,  ///< was deleted and created again in Kafka: taken in anew
  kImported,    ///< loaded from a dump: nothing is taken in
  kFailed,      ///< see the reason
  kStalled,     ///< the disk takes nothing: it goes on by itself when it does
};

struct TopicStatus {
  std::string name;
  TopicState state = TopicState::kStarting;
  std::string reason;
  std::uint64_t lag = 0;  ///< messages between what is taken in and Kafka's end, as far as known
};

struct OpenRequest {
  std::string topic;
  std::string from = "earliest";  ///< earliest | latest | a time | "0:100,1:250" (partition:offset)
  TimeKind time = TimeKind::kCreate;
  std::string retention = "follow";  ///< follow (as long as Kafka) | forever | a duration: "3d"
  std::vector<std::string> labels;
};

/// Owns a directory: one at a time, in one process. Its topics are tailed by threads of the library.
class KSEEK_API Owner : public Directory {
 public:
  /// Makes the directory where it is missing, and goes on with the topics that are there. A broker that is away is no
  /// error: the topics' states tell. kConflict: another process owns it. kInvalid: not a kseek directory, a wrong
  /// librdkafka property.
  [[nodiscard]] static Result<Owner> open(const std::string& directory, const OwnerOptions& options = {});

  /// kConflict: open already, or max_topics reached. kNotFound: Kafka has no such topic. kInvalid: a bad name, `from`
  /// or retention, or there are no brokers.
  [[nodiscard]] Result<void> open_topic(const OpenRequest& request);
  /// Drops its messages and index.
  [[nodiscard]] Result<void> close_topic(std::string_view topic);
  [[nodiscard]] Result<void> pause_topic(std::string_view topic);
  [[nodiscard]] Result<void> resume_topic(std::string_view topic);

  [[nodiscard]] Result<TopicStatus> status(std::string_view topic) const;
  [[nodiscard]] std::vector<TopicStatus> statuses() const;  ///< by name
  /// Waits until everything that Kafka had when it was called can be found. kTimeout names what is missing.
  [[nodiscard]] Result<void> wait_caught_up(std::string_view topic, std::chrono::milliseconds timeout);
  /// What is taken in of the topic is on disk when it returns, where Readers see it and power loss leaves it.
  [[nodiscard]] Result<void> flush(std::string_view topic);

 private:
  using Directory::Directory;
};

/// The library's version, "0.1.0".
[[nodiscard]] KSEEK_API const char* version() noexcept;

}  // namespace v1
}  // namespace kseek
