#include "bench/data_generator.h"

#include <cassert>
#include <charconv>
#include <chrono>
#include <cstring>

#include "bench/vocabulary.h"

namespace kseek::bench {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr size_t kMaxPlantedBytes = 1'024;

constexpr std::array<std::string_view, 8> kEvents = {"order.created",   "order.paid",    "order.shipped",
                                                     "order.cancelled", "user.login",    "cart.modified",
                                                     "refund.issued",   "payment.failed"};
constexpr std::array<std::string_view, 8> kLevels = {"INFO", "INFO", "INFO", "INFO", "DEBUG", "DEBUG", "WARN", "ERROR"};
constexpr std::array<std::string_view, 8> kServices = {"checkout", "payment",  "inventory", "shipping",
                                                       "gateway",  "accounts", "search",    "mailer"};
constexpr std::array<std::string_view, 4> kCurrencies = {"EUR", "USD", "CNY", "GBP"};
constexpr std::array<std::string_view, 4> kMethods = {"GET", "GET", "POST", "PUT"};
constexpr std::array<std::string_view, 4> kStatuses = {"200", "200", "404", "503"};
constexpr std::array<std::string_view, 4> kAgents = {
    "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0", "curl/7.88.1", "okhttp/4.12.0"};

constexpr std::array<std::array<char, 2>, 256> make_hex_pairs() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kDigits[i >> 4], kDigits[i & 15]};
  return pairs;
}
constexpr auto kHexPairs = make_hex_pairs();

void put_two_digits(char* out, int64_t n) {
  out[0] = static_cast<char>('0' + n / 10);
  out[1] = static_cast<char>('0' + n % 10);
}

}  // namespace

/// splitmix64: each message has its own sequence.
struct MessageGenerator::Random {
  uint64_t state;

  uint64_t bits() {
    uint64_t z = (state += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(((bits() >> 32) * n) >> 32); }
  template <size_t N>
  std::string_view pick(const std::array<std::string_view, N>& choices) {
    return choices[below(N)];
  }
};

/// Writes into a buffer that is large enough for every message (value_: the longest is below 2 KiB without planted
/// words), so it checks nothing.
class MessageGenerator::Writer {
 public:
  explicit Writer(char* begin) : begin_(begin), at_(begin) {}

  Writer& text(std::string_view s) {
    std::memcpy(at_, s.data(), s.size());
    at_ += s.size();
    return *this;
  }
  Writer& word(const Vocabulary::Slot& slot) {
    std::memcpy(at_, slot.text.data(), slot.text.size());  // all of the slot: a move of fixed size
    at_ += slot.size;
    return *this;
  }
  Writer& number(uint64_t n) {
    at_ = std::to_chars(at_, at_ + 20, n).ptr;
    return *this;
  }
  Writer& hex16(uint64_t n) {
    for (int i = 0; i < 8; ++i, n >>= 8) {
      std::memcpy(at_, kHexPairs[n & 0xFF].data(), 2);
      at_ += 2;
    }
    return *this;
  }
  Writer& trace_id(Random& random) { return hex16(random.bits()).hex16(random.bits()); }
  Writer& uuid(Random& random) {
    std::array<char, 32> digits;
    Writer(digits.data()).trace_id(random);
    digits[12] = '4';
    const char* d = digits.data();
    return text({d, 8})
        .text("-")
        .text({d + 8, 4})
        .text("-")
        .text({d + 12, 4})
        .text("-")
        .text({d + 16, 4})
        .text("-")
        .text({d + 20, 12});
  }
  void drop_last() { --at_; }
  [[nodiscard]] std::string_view view() const { return {begin_, static_cast<size_t>(at_ - begin_)}; }

 private:
  char* begin_;
  char* at_;
};

MessageGenerator::MessageGenerator(const GeneratorOptions& options) : options_(options) {
  assert(options.partitions > 0);
}

Position MessageGenerator::position(uint64_t n) const {
  const auto partitions = static_cast<uint64_t>(options_.partitions);
  return {PartitionId{static_cast<int32_t>(n % partitions)}, Offset{static_cast<int64_t>(n / partitions)}};
}

uint64_t MessageGenerator::number(Position position) const {
  return static_cast<uint64_t>(position.offset.value) * static_cast<uint64_t>(options_.partitions) +
         static_cast<uint64_t>(position.partition.value);
}

void MessageGenerator::plant(uint64_t n, std::string_view text) { planted_.emplace(n, text); }

void MessageGenerator::plant_every(uint64_t period, uint64_t first, std::string_view text) {
  assert(period > 0);
  periodic_.emplace(period, Periodic{first, std::string(text)});
}

std::string_view MessageGenerator::word(size_t rank) {
  assert(rank < kVocabulary);
  return Vocabulary::latin().at(rank).view();
}

MessageView MessageGenerator::at(uint64_t n) {
  Random random{(options_.seed * 0xD1B54A32D192ED03) ^ (n * 0x9FB21C651E98DF25)};
  random.bits();
  MessageView message;
  const Position position = this->position(n);
  message.partition = position.partition;
  message.offset = position.offset;
  message.create_time = Timestamp{options_.start.ms + static_cast<int64_t>(n * options_.interval_us / 1'000) +
                                  random.below(options_.jitter_ms + 1)};
  message.ingest_time = Timestamp{message.create_time.ms + 5};
  message.timestamp_type = TimestampType::kCreateTime;
  set_clock(message.create_time);

  headers_.clear();
  Writer value(value_.data());
  Writer key(key_.data());
  const uint32_t kind = random.below(100);
  if (kind < 35) {
    write_event(value, random, n);
    message.key = key.text("order-").number(1'000'000 + n % 500'000).view();
  } else if (kind < 75) {
    write_log(value, random);
    if (random.below(2) == 0) message.key = random.pick(kServices);
  } else if (kind < 90) {
    write_access(value, random);
  } else {
    write_comment(value, random);
    message.key = key.text("u-").number(100'000 + random.below(400'000)).view();
  }
  const bool json = kind < 75 || kind >= 90;
  if (!planted_.empty() || !periodic_.empty()) write_planted(value, n, json);
  message.value = value.view();
  message.headers = HeaderList(headers_);
  return message;
}

void MessageGenerator::write_event(Writer& out, Random& random, uint64_t n) {
  out.text(R"({"event":")").text(random.pick(kEvents)).text(R"(","id":")").uuid(random);
  out.text(R"(","ts":")").text({iso_.data(), iso_.size()}).text(R"(","user":{"id":"u-)");
  out.number(100'000 + random.below(400'000)).text(R"(","name":")").word(Vocabulary::latin().draw(random.bits()));
  out.text(" ")
      .word(Vocabulary::latin().draw(random.bits()))
      .text(R"(","city":")")
      .word(Vocabulary::latin().draw(random.bits()));
  out.text(R"("},"order":{"id":"order-)").number(1'000'000 + n % 500'000).text(R"(","amount":)");
  out.number(random.below(900)).text(".").number(10 + random.below(90));
  out.text(R"(,"currency":")").text(random.pick(kCurrencies)).text(R"(","items":[)");
  const uint32_t items = 1 + random.below(4);
  for (uint32_t i = 0; i < items; ++i) {
    if (i > 0) out.text(",");
    out.text(R"({"sku":"SKU-)")
        .number(10'000 + random.below(20'000))
        .text(R"(","qty":)")
        .number(1 + random.below(9))
        .text("}");
  }
  const uint64_t trace_high = random.bits();
  const uint64_t trace_low = random.bits();
  out.text(R"(]},"trace":")").hex16(trace_high).hex16(trace_low).text(R"("})");
  if (random.below(4) == 0) {
    std::array<char, 32> trace;
    Writer header(trace.data());
    header.hex16(trace_high).hex16(trace_low);
    append_header(headers_, "trace-id", header.view());
  }
}

void MessageGenerator::write_log(Writer& out, Random& random) {
  const Vocabulary& words = Vocabulary::latin();
  out.text(R"({"ts":")").text({iso_.data(), iso_.size()}).text(R"(","level":")").text(random.pick(kLevels));
  out.text(R"(","service":")").text(random.pick(kServices)).text(R"(","host":"node-)").number(random.below(64));
  out.text(R"(","trace_id":")").trace_id(random).text(R"(","msg":")");
  const uint32_t count = 8 + random.below(26);
  for (uint32_t i = 0; i < count; ++i) out.word(words.draw(random.bits())).text(" ");
  out.drop_last();
  if (random.below(16) == 0) {
    out.text(R"(\n\tat com.shop.)").word(words.draw(random.bits())).text(".Handler.run(Handler.java:");
    out.number(random.below(900)).text(")");
  }
  out.text(R"("})");
}

void MessageGenerator::write_access(Writer& out, Random& random) {
  out.text("10.").number(random.below(256)).text(".").number(random.below(256)).text(".").number(random.below(256));
  out.text(" - - [").text({clf_.data(), clf_.size()}).text("] \"").text(random.pick(kMethods)).text(" /api/v1/");
  out.word(Vocabulary::latin().draw(random.bits())).text("/").number(1'000'000 + random.below(500'000));
  out.text("?user=u-")
      .number(100'000 + random.below(400'000))
      .text(" HTTP/1.1\" ")
      .text(random.pick(kStatuses))
      .text(" ");
  out.number(random.below(90'000)).text(" \"https://shop.example.com/").word(Vocabulary::latin().draw(random.bits()));
  out.text("\" \"").text(random.pick(kAgents)).text("\" rt=0.").number(random.below(1'000)).text(" req=").uuid(random);
}

void MessageGenerator::write_comment(Writer& out, Random& random) {
  const Vocabulary& chinese = Vocabulary::chinese();
  out.text(R"({"type":"comment","id":")").uuid(random).text(R"(","user":"u-)").number(100'000 + random.below(400'000));
  out.text(R"(","rating":)").number(1 + random.below(5)).text(R"(,"text":")");
  const bool mixed = random.below(2) == 0;
  const uint32_t count = 12 + random.below(40);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t bits = random.bits();
    if (mixed && bits % 5 == 0) {
      out.text(" ").word(Vocabulary::latin().draw(random.bits())).text(" ");
    } else {
      out.word(chinese.draw(bits));
    }
    if (i + 1 < count && i % 7 == 6) out.text("，");
  }
  out.text("。\"}");
}

void MessageGenerator::write_planted(Writer& out, uint64_t n, bool json) {
  size_t bytes = 0;
  const auto write = [&](std::string_view text) {
    assert(bytes + text.size() <= kMaxPlantedBytes);
    if (bytes == 0 && json) {
      out.drop_last();
      out.text(R"(,"note":")");
    } else {
      out.text(" ");
    }
    bytes += text.size();
    out.text(text);
  };
  const auto [first, last] = planted_.equal_range(n);
  for (auto it = first; it != last; ++it) write(it->second);
  for (const auto& [period, planted] : periodic_) {
    if (n >= planted.first && (n - planted.first) % period == 0) write(planted.text);
  }
  if (bytes > 0 && json) out.text(R"("})");
}

void MessageGenerator::set_clock(Timestamp time) {
  const int64_t day = time.ms / kDayMs;
  if (day != clock_day_) {
    static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    clock_day_ = day;
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
    std::memcpy(iso_.data(), "0000-00-00T00:00:00.000Z", iso_.size());
    std::memcpy(clf_.data(), "00/Jan/0000:00:00:00 +0000", clf_.size());
    const int year = static_cast<int>(date.year());
    const unsigned month = static_cast<unsigned>(date.month());
    for (char* out : {iso_.data(), clf_.data() + 7}) {
      put_two_digits(out, year / 100);
      put_two_digits(out + 2, year % 100);
    }
    put_two_digits(iso_.data() + 5, month);
    std::memcpy(clf_.data() + 3, kMonths[month - 1].data(), 3);
    for (char* out : {iso_.data() + 8, clf_.data()}) put_two_digits(out, static_cast<unsigned>(date.day()));
  }
  const int64_t ms = time.ms % kDayMs;
  for (char* out : {iso_.data() + 11, clf_.data() + 12}) {
    put_two_digits(out, ms / 3'600'000);
    put_two_digits(out + 3, ms / 60'000 % 60);
    put_two_digits(out + 6, ms / 1'000 % 60);
  }
  iso_[20] = static_cast<char>('0' + ms % 1'000 / 100);
  put_two_digits(iso_.data() + 21, ms % 100);
}

}  // namespace kseek::bench
