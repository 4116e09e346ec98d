#include "bench/vocabulary.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_set>

namespace kseek::bench {
namespace {

constexpr auto kLatinFirst = std::to_array<std::string_view>(
    {"the",      "request",  "for",     "user",     "order",   "to",         "service",  "payment",   "failed",
     "with",     "timeout",  "after",   "retry",    "from",    "connection", "received", "response",  "cache",
     "client",   "error",    "started", "finished", "handler", "database",   "query",    "session",   "token",
     "expired",  "message",  "queue",   "consumer", "offset",  "commit",     "gateway",  "inventory", "shipment",
     "refund",   "customer", "invoice", "account",  "updated", "created",    "deleted",  "rejected",  "accepted",
     "pending",  "worker",   "thread",  "pool",     "memory",  "disk",       "network",  "upstream",  "backend",
     "frontend", "checkout", "cart",    "catalog",  "search",  "index"});

constexpr auto kChineseFirst = std::to_array<std::string_view>(
    {"的",   "了",   "我",   "是",   "不",   "在",   "很",   "好",   "订单",   "支付", "超时", "快递",
     "客服", "质量", "价格", "发货", "收到", "退款", "满意", "推荐", "物流",   "包装", "没有", "还是",
     "可以", "什么", "东西", "喜欢", "购买", "商品", "优惠", "速度", "态度",   "服务", "非常", "已经",
     "觉得", "问题", "失败", "成功", "余额", "账户", "登录", "密码", "验证码", "手机", "电脑", "今天",
     "明天", "北京", "上海", "杭州", "仓库", "库存", "缺货", "地址", "电话",   "联系", "处理", "谢谢"});

/// A fixed sequence (splitmix64), so that the vocabulary is the same in every run and on every machine.
class Sequence {
 public:
  explicit Sequence(uint64_t state) : state_(state) {}
  uint32_t below(uint32_t n) {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return static_cast<uint32_t>((((z ^ (z >> 31)) >> 32) * n) >> 32);
  }

 private:
  uint64_t state_;
};

Vocabulary::Slot to_slot(std::string_view word) {
  Vocabulary::Slot slot;
  slot.size = static_cast<uint8_t>(std::min(word.size(), slot.text.size()));
  std::copy_n(word.begin(), slot.size, slot.text.begin());
  return slot;
}

std::string made_up_latin(Sequence& sequence) {
  static constexpr std::array<std::string_view, 20> kOnsets = {"b", "c", "d", "f", "g",  "l",  "m",  "n",  "p",  "r",
                                                               "s", "t", "v", "w", "st", "tr", "pl", "gr", "sh", "k"};
  static constexpr std::array<std::string_view, 10> kNuclei = {"a", "e", "i", "o", "u", "ai", "ea", "io", "ou", "y"};
  static constexpr std::array<std::string_view, 10> kCodas = {"", "", "", "n", "r", "s", "t", "l", "m", "ck"};
  std::string word;
  const uint32_t syllables = 2 + sequence.below(3);
  for (uint32_t i = 0; i < syllables; ++i) {
    word += kOnsets[sequence.below(kOnsets.size())];
    word += kNuclei[sequence.below(kNuclei.size())];
    word += kCodas[sequence.below(kCodas.size())];
  }
  return word;
}

void append_ideograph(std::string& out, uint32_t code_point) {
  out.push_back(static_cast<char>(0xE0 | (code_point >> 12)));
  out.push_back(static_cast<char>(0x80 | ((code_point >> 6) & 0x3F)));
  out.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
}

std::string made_up_chinese(Sequence& sequence) {
  std::string word;
  const uint32_t ideographs = 1 + (sequence.below(8) + 5) / 6;  // mostly two
  for (uint32_t i = 0; i < ideographs; ++i) append_ideograph(word, 0x4E00 + sequence.below(6'000));
  return word;
}

template <class MakeUp>
std::vector<Vocabulary::Slot> fill(std::span<const std::string_view> first, size_t size, MakeUp make_up) {
  std::vector<Vocabulary::Slot> slots;
  std::unordered_set<std::string> seen;
  for (std::string_view word : first) {
    if (seen.emplace(word).second) slots.push_back(to_slot(word));
  }
  Sequence sequence(size);
  while (slots.size() < size) {
    const std::string word = make_up(sequence);
    if (word.size() <= Vocabulary::Slot{}.text.size() && seen.insert(word).second) slots.push_back(to_slot(word));
  }
  return slots;
}

}  // namespace

Vocabulary::Vocabulary(std::vector<Slot> slots) : slots_(std::move(slots)), alias_(slots_.size()) {
  const auto count = static_cast<double>(slots_.size());
  double sum = 0;
  for (size_t rank = 0; rank < slots_.size(); ++rank) sum += 1.0 / static_cast<double>(rank + 1);
  std::vector<double> share(slots_.size());  // of one column: 1 fills it
  std::vector<uint32_t> small;
  std::vector<uint32_t> large;
  for (uint32_t rank = 0; rank < slots_.size(); ++rank) {
    share[rank] = count / (sum * (rank + 1));
    (share[rank] < 1 ? small : large).push_back(rank);
  }
  while (!small.empty() && !large.empty()) {
    const uint32_t low = small.back();
    const uint32_t high = large.back();
    small.pop_back();
    alias_[low] = {static_cast<uint32_t>(share[low] * static_cast<double>(UINT32_MAX)), high};
    share[high] -= 1 - share[low];
    if (share[high] < 1) {
      large.pop_back();
      small.push_back(high);
    }
  }
  for (const uint32_t rank : small) alias_[rank].other = rank;
  for (const uint32_t rank : large) alias_[rank].other = rank;
}

const Vocabulary& Vocabulary::latin() {
  static const Vocabulary vocabulary(fill(kLatinFirst, 40'000, made_up_latin));
  return vocabulary;
}

const Vocabulary& Vocabulary::chinese() {
  static const Vocabulary vocabulary(fill(kChineseFirst, 8'000, made_up_chinese));
  return vocabulary;
}

}  // namespace kseek::bench
