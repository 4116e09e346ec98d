#include "indexer/import.h"

#include <fmt/format.h>

#include <cstring>
#include <istream>
#include <map>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "indexer/dump_parser.h"
#include "indexer/known_offsets.h"
#include "indexer/redaction.h"
#include "indexer/workers.h"

namespace kseek::indexer {
namespace {

constexpr size_t kChunkBytes = 1_MiB;
constexpr size_t kLongestLine = 256_MiB;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr size_t kBatchMessages = 2'048;
constexpr size_t kBatchBytes = 1_MiB;

/// Lines of a stream, without their ends; views die with the next call. kLinePadding bytes behind each are readable.
class LineReader {
 public:
  explicit LineReader(std::istream& input) : input_(input), buffer_(kChunkBytes + kLinePadding) {}

  /// nullopt: the end. kTooLarge: a line beyond reason. kUnavailable: the stream failed.
  Result<std::optional<std::string_view>> next() {
    while (true) {
      const char* begin = buffer_.data() + begin_;
      const void* newline = scanned_ < end_ ? std::memchr(buffer_.data() + scanned_, '\n', end_ - scanned_) : nullptr;
      if (newline != nullptr) {
        const auto length = static_cast<size_t>(static_cast<const char*>(newline) - begin);
        begin_ += length + 1;
        scanned_ = begin_;
        return std::optional(std::string_view(begin, length));
      }
      scanned_ = end_;
      if (at_end_) {
        if (begin_ == end_) return std::optional<std::string_view>();
        const size_t length = end_ - begin_;
        begin_ = end_;
        return std::optional(std::string_view(begin, length));
      }
      KSEEK_TRY(fill());
    }
  }

  [[nodiscard]] uint64_t bytes_read() const { return bytes_read_; }

 private:
  Result<void> fill() {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      scanned_ -= begin_;
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ + kLinePadding >= buffer_.size()) {
      if (buffer_.size() > kLongestLine) {
        return Error{ErrorCode::kTooLarge, fmt::format("a line of more than {} bytes", kLongestLine), ""};
      }
      buffer_.resize(buffer_.size() * 2);
    }
    input_.read(buffer_.data() + end_, static_cast<std::streamsize>(buffer_.size() - kLinePadding - end_));
    if (input_.bad()) return Error{ErrorCode::kUnavailable, "reading failed", "check the disk"};
    const auto got = static_cast<size_t>(input_.gcount());
    end_ += got;
    bytes_read_ += got;
    at_end_ = input_.eof() || got == 0;
    return {};
  }

  std::istream& input_;
  std::vector<char> buffer_;
  size_t begin_ = 0;    // of the next line
  size_t scanned_ = 0;  // no newline in [begin_, scanned_)
  size_t end_ = 0;      // of what was read
  bool at_end_ = false;
  uint64_t bytes_read_ = 0;
};

Error at_line(const std::string& name, uint64_t number, Error error) {
  error.message = fmt::format("{}, line {}: {}", name, number, error.message);
  return error;
}

/// Collects lines and hands them to the store, a run of one partition at a time.
class Loader {
 public:
  Loader(store::TopicStore& topic, Workers& workers, const Redactor* redactor, const std::string& name,
         ImportStats& stats)
      : topic_(topic), workers_(workers), redactor_(redactor), name_(name), stats_(stats), known_(topic) {}

  std::string& arena() { return arena_; }
  /// `number`: of the line in its file.
  void add(const DumpLine& line, uint64_t number) { lines_.push_back({line, number}); }
  [[nodiscard]] bool full() const { return lines_.size() >= kBatchMessages || arena_.size() >= kBatchBytes; }

  /// kConflict: a line can't be loaded any more, what stands before it is.
  Result<void> flush() {
    const Timestamp ingest = now();
    for (size_t i = 0; i < lines_.size();) {
      const PartitionId partition = lines_[i].in_partition();
      KSEEK_ASSIGN(Offset * next, next_offset(partition, lines_[i]));
      for (; i < lines_.size() && lines_[i].in_partition() == partition; ++i) {
        const Offset offset = lines_[i].offset.value_or(*next);
        if (offset < *next) {
          append(partition);
          KSEEK_TRY(pass_over(lines_[i], offset, *next));
          continue;
        }
        if (offset == kMaxOffset) {
          append(partition);
          return at_line(name_, lines_[i].number, {ErrorCode::kInvalid, "its partition has no more offsets", ""});
        }
        if (!lines_[i].offset) ++stats_.numbered;
        run_.push_back(view(lines_[i], partition, offset, ingest));
        *next = offset.next();
      }
      append(partition);
    }
    lines_.clear();
    arena_.clear();
    return {};
  }

  /// The dump is all there is: what was loaded is complete.
  void announce_ends() {
    for (const auto& [partition, next] : next_) topic_.set_watermarks(partition, kMinOffset, next);
  }

 private:
  struct Line : DumpLine {
    uint64_t number = 0;
    [[nodiscard]] PartitionId in_partition() const { return partition.value_or(PartitionId{0}); }
  };

  /// A line whose offset lies below `next`: it is there already, or it is too late for it.
  Result<void> pass_over(const Line& line, Offset offset, Offset next) {
    const PartitionId partition = line.in_partition();
    auto answer = known_.ask(partition, offset, line.time);
    if (!answer) {
      Error error = std::move(answer).error();
      error.hint = "load the dumps into a new topic";  // Kafka can't be asked for what was imported
      return at_line(name_, line.number, std::move(error));
    }
    if (*answer == KnownOffsets::Answer::kStored) ++stats_.duplicates;
    if (*answer == KnownOffsets::Answer::kExpired) ++stats_.expired;
    if (*answer != KnownOffsets::Answer::kMissing) return {};
    return at_line(name_, line.number,
                   {ErrorCode::kConflict,
                    fmt::format("partition {}, offset {} is not there, and comes before what is loaded already ({})",
                                partition.value, offset.value, next.value - 1),
                    "what stands before that line is loaded; give older dumps first, or load them into a new topic"});
  }

  Result<Offset*> next_offset(PartitionId partition, const DumpLine& first) {
    if (const auto it = next_.find(partition); it != next_.end()) return &it->second;
    auto known = topic_.next_offset(partition);
    if (!known) {
      known = first.offset.value_or(kMinOffset);
      KSEEK_TRY(topic_.start_partition(partition, *known));
    }
    return &next_.emplace(partition, *known).first->second;
  }

  MessageView view(const DumpLine& line, PartitionId partition, Offset offset, Timestamp ingest) const {
    MessageView message;
    message.partition = partition;
    message.offset = offset;
    message.create_time = line.time;
    message.ingest_time = ingest;
    message.timestamp_type = line.timestamp_type;
    message.key = line.key.in(arena_);
    message.value = line.value.in(arena_);
    if (const auto headers = line.headers.in(arena_)) message.headers = HeaderList(*headers);
    return message;
  }

  void append(PartitionId partition) {
    if (run_.empty()) return;
    if (redactor_ != nullptr) redactor_->redact(topic_.config().name, run_, redacted_);
    const store::AppendOutcome outcome = topic_.append(partition, run_);
    stats_.messages += outcome.appended;
    stats_.duplicates += outcome.duplicates;
    stats_.dead_letters += outcome.dead_letters;
    for (const MessageView& message : run_) {
      if (message.raw_bytes() <= kMaxMessageBytes) stats_.raw_bytes += message.raw_bytes();
    }
    run_.clear();
    if (outcome.frozen > 0) workers_.notify_frozen(topic_, outcome.frozen);
  }

  store::TopicStore& topic_;
  Workers& workers_;
  const Redactor* redactor_;  // nullptr: none
  Redactor::Bytes redacted_;
  const std::string& name_;  // of the dump
  ImportStats& stats_;
  KnownOffsets known_;
  std::string arena_;
  std::vector<Line> lines_;
  std::vector<MessageView> run_;
  std::map<PartitionId, Offset> next_;
};

Result<void> load(store::TopicStore& topic, Workers& workers, std::istream& input, const std::string& name,
                  const ImportOptions& options, const std::function<void(const ImportStats&)>& progress,
                  ImportStats& stats) {
  LineReader reader(input);
  Loader loader(topic, workers, options.redactor.get(), name, stats);
  DumpParser parser;
  const auto flush = [&]() -> Result<void> {
    KSEEK_TRY(loader.flush());
    stats.input_bytes = reader.bytes_read();
    if (progress) progress(stats);
    while (!workers.relieve(options.memory_limit_bytes)) {
      if (const std::string trouble = workers.trouble(topic).text; !trouble.empty()) {
        return Error{ErrorCode::kUnavailable, trouble, "make room on the disk"};
      }
    }
    return {};
  };
  for (uint64_t number = 1;; ++number) {
    auto line = reader.next();
    if (!line) {
      KSEEK_TRY(flush());
      return at_line(name, number, std::move(line).error());
    }
    if (!*line) break;
    if (number == 1 && (*line)->starts_with(kByteOrderMark)) (*line)->remove_prefix(kByteOrderMark.size());
    if ((*line)->find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto parsed = parser.parse(**line, loader.arena());
    if (!parsed) {
      KSEEK_TRY(flush());
      return at_line(name, number, std::move(parsed).error());
    }
    loader.add(*parsed, number);
    if (loader.full()) KSEEK_TRY(flush());
  }
  KSEEK_TRY(flush());
  loader.announce_ends();
  return {};
}

}  // namespace

Result<ImportStats> import_dump(store::TopicStore& topic, std::istream& input, const std::string& name,
                                const ImportOptions& options, const std::function<void(const ImportStats&)>& progress) {
  if (const std::string topic_name = topic.config().name; topic.config().source != store::Source::kImport) {
    return Error{ErrorCode::kConflict,
                 fmt::format("{} is read from Kafka: an import would make it pass over what Kafka has", topic_name),
                 fmt::format("import under another name, or drop it first: kseek close {}", topic_name)};
  }
  ImportStats stats;
  Workers workers(options.workers);
  // Borrowed: the caller keeps the topic longer than this function, and so longer than the workers.
  workers.add(std::shared_ptr<store::TopicStore>(std::shared_ptr<void>(), &topic));
  const Result<void> loaded = load(topic, workers, input, name, options, progress, stats);
  const Result<void> flushed = topic.flush();
  if (progress) progress(stats);
  if (!loaded) return loaded.error();
  if (!flushed) return flushed.error();
  return stats;
}

}  // namespace kseek::indexer
