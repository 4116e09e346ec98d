#include "cli/demo_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace kseek::cli {
namespace {

/// Mixes a number into 64 random-looking bits (splitmix64, S. Vigna).
uint64_t mix(uint64_t n) {
  n += 0x9E3779B97F4A7C15ULL;
  n = (n ^ (n >> 30)) * 0xBF58476D1CE4E5B9ULL;
  n = (n ^ (n >> 27)) * 0x94D049BB133111EBULL;
  return n ^ (n >> 31);
}

/// Random-looking choices that depend only on the seed.
class Choices {
 public:
  explicit Choices(uint64_t seed) : state_(seed) {}
  uint64_t below(uint64_t n) { return mix(++state_ * 0x2545F4914F6CDD1DULL) % n; }
  template <size_t N>
  std::string_view of(const std::array<std::string_view, N>& options) {
    return options[below(N)];
  }

 private:
  uint64_t state_;
};

constexpr std::array<std::string_view, 10> kNames{"Ada Lovelace", "Grace Hopper",  "王小明",     "李雷",
                                                  "韩梅梅",       "Jürgen Müller", "Zoë Clarke", "佐藤さくら",
                                                  "Alan Turing",  "Émile Zola"};
constexpr std::array<std::string_view, 8> kItems{"mechanical keyboard", "USB-C cable", "green tea", "无线鼠标",
                                                 "desk lamp",           "notebook",    "显示器",    "coffee beans"};
constexpr std::array<std::string_view, 5> kOrderStates{"created", "paid", "packed", "shipped", "delivered"};
constexpr std::array<std::string_view, 6> kServices{"payment", "checkout", "inventory", "gateway", "search", "mailer"};
constexpr std::array<std::string_view, 8> kInfos{
    "request finished",  "cache refreshed",        "connection opened",       "health check passed",
    "message delivered", "configuration reloaded", "batch of rows committed", "session started"};
constexpr std::array<std::string_view, 6> kTroubles{"payment timeout after",     "connection refused by upstream after",
                                                    "retrying after a deadlock", "circuit breaker opened after",
                                                    "slow query took",           "card declined by issuer after"};
constexpr std::array<std::string_view, 8> kTopicsOfTalk{"the delivery", "my refund", "这个键盘", "客服态度",
                                                        "the invoice",  "包装",      "the app",  "物流速度"};
constexpr std::array<std::string_view, 8> kOpinions{
    "works fine, thank you!",   "申请退款，一直没有人处理", "很好用，推荐给大家", "is far too slow",
    "收到了，颜色和图片不一样", "is missing from my order", "下次还会再买",       "was explained very well by support"};

std::string hex(uint64_t n, int digits) { return fmt::format("{:016x}", n).substr(0, static_cast<size_t>(digits)); }

void fill_order(DemoMessage& m, uint64_t i, Choices& choose) {
  const uint64_t order = 1'040'000 + i / kOrderStates.size();  // five events an order
  Choices of_order(order);
  m.key = fmt::format("order-{}", order);
  m.value = fmt::format(
      R"({{"order_id":"{}","event":"{}","customer":{{"id":{},"name":"{}"}},"items":[{{"sku":"SKU-{}","name":"{}",)"
      R"("quantity":{}}},{{"sku":"SKU-{}","name":"{}","quantity":1}}],"amount":{}.{:02},"currency":"EUR",)"
      R"("trace_id":"{}"}})",
      m.key, kOrderStates[i % kOrderStates.size()], of_order.below(5000), of_order.of(kNames), of_order.below(20000),
      of_order.of(kItems), 1 + of_order.below(4), of_order.below(20000), of_order.of(kItems), of_order.below(900),
      of_order.below(100), hex(mix(order), 16) + hex(choose.below(UINT64_MAX), 16));
  m.headers = {{"source", "shop"}, {"trace-id", hex(mix(order), 16)}};
}

void fill_log(DemoMessage& m, Choices& choose) {
  const std::string_view service = choose.of(kServices);
  const uint64_t kind = choose.below(100);
  const std::string trace = hex(mix(choose.below(UINT64_MAX)), 16);
  m.key = fmt::format("{}-{}", service, choose.below(8));
  const std::string text =
      kind < 3 ? fmt::format("ERROR {} {}ms", choose.of(kTroubles), 1000 + choose.below(9000))
               : fmt::format("{} {} in {}ms", kind < 12 ? "WARN" : "INFO", choose.of(kInfos), 1 + choose.below(400));
  m.value = fmt::format("[{}] trace={} pod={} {} (thread-{}, 10.0.{}.{})", service, trace, m.key, text,
                        choose.below(64), choose.below(256), choose.below(256));
  m.headers = {{"trace-id", trace}};
}

void fill_comment(DemoMessage& m, uint64_t i, Choices& choose) {
  m.key = fmt::format("room-{}", choose.below(40));
  m.value = fmt::format("{}: {} {} (#{})", choose.of(kNames), choose.of(kTopicsOfTalk), choose.of(kOpinions), i);
}

}  // namespace

DemoMessage demo_message(size_t topic, uint64_t i, Timestamp history_end) {
  constexpr int64_t kSpanMs = 3LL * 24 * 3600 * 1000;
  Choices choose(mix(topic + 1) ^ i);
  DemoMessage m;
  m.topic = kDemoTopics.at(topic);
  const auto newest_first = static_cast<int64_t>(kDemoHistory - std::min(i, kDemoHistory));
  m.time = {history_end.ms - newest_first * (kSpanMs / static_cast<int64_t>(kDemoHistory))};
  if (topic == 0) fill_order(m, i, choose);
  if (topic == 1) fill_log(m, choose);
  if (topic == 2) fill_comment(m, i, choose);
  m.partition = {static_cast<int32_t>(mix(topic * 1000 + i / 5) % kDemoPartitions)};
  return m;
}

}  // namespace kseek::cli
