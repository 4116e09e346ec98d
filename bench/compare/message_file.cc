#include "bench/compare/message_file.h"

#include <bit>
#include <cstring>
#include <string>

#include "base/bytes.h"
#include "bench/measure.h"

namespace kseek::bench {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "KSEEKMSG";
constexpr size_t kBufferBytes = 4_MiB;
constexpr size_t kFixedBytes = 4 + 8 + 8 + 4 + 4;

template <class T>
void put(std::vector<char>& out, T number) {
  const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(number);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class T>
T take(const char*& at) {
  T number;
  std::memcpy(&number, at, sizeof(T));
  at += sizeof(T);
  return number;
}

void put_text(std::vector<char>& out, const std::optional<std::string_view>& text) {
  if (text) out.insert(out.end(), text->begin(), text->end());
}

int32_t size_of(const std::optional<std::string_view>& text) { return text ? static_cast<int32_t>(text->size()) : -1; }

std::optional<std::string_view> take_text(const char*& at, int32_t size) {
  if (size < 0) return std::nullopt;
  const std::string_view text(at, static_cast<size_t>(size));
  at += size;
  return text;
}

}  // namespace

MessageFileWriter::MessageFileWriter(const std::filesystem::path& path) : file_(std::fopen(path.c_str(), "wb")) {
  if (!file_) fail("cannot make " + path.string());
  std::setvbuf(file_.get(), nullptr, _IOFBF, kBufferBytes);
  std::fwrite(kMagic.data(), 1, kMagic.size(), file_.get());
}

void MessageFileWriter::write(const MessageView& message) {
  record_.clear();
  const size_t texts = (message.key ? message.key->size() : 0) + (message.value ? message.value->size() : 0);
  put(record_, static_cast<uint32_t>(kFixedBytes + texts));
  put(record_, message.partition.value);
  put(record_, message.offset.value);
  put(record_, message.create_time.ms);
  put(record_, size_of(message.key));
  put(record_, size_of(message.value));
  put_text(record_, message.key);
  put_text(record_, message.value);
  if (std::fwrite(record_.data(), 1, record_.size(), file_.get()) != record_.size()) fail("cannot write messages");
}

void MessageFileWriter::close() {
  if (std::fclose(file_.release()) != 0) fail("cannot write messages");
}

MessageFileReader::MessageFileReader(const std::filesystem::path& path)
    : file_(std::fopen(path.c_str(), "rb")), buffer_(kBufferBytes) {
  if (!file_) fail("cannot open " + path.string());
  std::setvbuf(file_.get(), nullptr, _IONBF, 0);
  if (!fill(kMagic.size()) || std::string_view(buffer_.data(), kMagic.size()) != kMagic) {
    fail(path.string() + " is not a file of messages");
  }
  begin_ = kMagic.size();
}

std::optional<MessageView> MessageFileReader::next() {
  if (!fill(sizeof(uint32_t))) {
    if (begin_ != end_) fail("the file of messages breaks off");
    return std::nullopt;
  }
  const char* at = buffer_.data() + begin_;
  const auto size = take<uint32_t>(at);
  if (!fill(sizeof(uint32_t) + size)) fail("the file of messages breaks off");
  at = buffer_.data() + begin_ + sizeof(uint32_t);
  begin_ += sizeof(uint32_t) + size;
  MessageView message;
  message.partition = PartitionId{take<int32_t>(at)};
  message.offset = Offset{take<int64_t>(at)};
  message.create_time = Timestamp{take<int64_t>(at)};
  message.ingest_time = message.create_time;
  message.timestamp_type = TimestampType::kCreateTime;
  const auto key_size = take<int32_t>(at);
  const auto value_size = take<int32_t>(at);
  message.key = take_text(at, key_size);
  message.value = take_text(at, value_size);
  return message;
}

bool MessageFileReader::fill(size_t bytes) {
  if (end_ - begin_ >= bytes) return true;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (buffer_.size() < bytes) buffer_.resize(bytes);
  while (end_ < bytes) {
    const size_t got = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
    if (got == 0) return false;
    end_ += got;
  }
  return true;
}

}  // namespace kseek::bench
