// Measures what each message's text costs: classify, folding, folding and finding tokens, and looking for a phrase.
// Corpus: made here, from a fixed seed: JSON events and access-log lines of about 330 bytes, all ASCII, the same with
// string escapes, and Chinese comments; 4096 of each, read in turn. bytes_per_second is of the text as it was sent.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>

#include "tokenizer/json_text.h"
#include "tokenizer/pattern.h"
#include "tokenizer/text.h"
#include "tokenizer/tokenizer.h"

namespace kseek::tokenizer {
namespace {

using Corpus = std::vector<std::string>;
constexpr size_t kTexts = 4096;

std::string words(std::mt19937_64& random, size_t count) {
  static const char* const list[] = {"payment",  "timeout", "after",   "Order",   "customer",  "shipped",
                                     "to",       "retry",   "gateway", "failed",  "the",       "Kafka",
                                     "consumer", "group",   "commit",  "offset",  "rebalance", "in",
                                     "node",     "server",  "request", "latency", "with",      "status"};
  std::string text;
  for (size_t i = 0; i < count; ++i) text += fmt::format("{}{}", i > 0 ? " " : "", list[random() % std::size(list)]);
  return text;
}

Corpus make(std::string (*text)(std::mt19937_64&)) {
  std::mt19937_64 random(7420);
  Corpus corpus;
  for (size_t i = 0; i < kTexts; ++i) corpus.push_back(text(random));
  return corpus;
}

const Corpus& json_events() {
  static const Corpus corpus = make([](std::mt19937_64& random) {
    return fmt::format(
        R"({{"eventId":"{:016x}-{:08x}","type":"OrderShipped","orderId":{},"customer":{{"id":{},"name":"{}"}},)"
        R"("amount":{}.{},"note":"{}","trace":"{:016x}{:016x}","ok":true,"tags":["a","b{}"]}})",
        random(), random() % 0xFFFFFFFF, random() % 10000000, random() % 100000, words(random, 2), random() % 1000,
        random() % 100, words(random, 14), random(), random(), random() % 10);
  });
  return corpus;
}

const Corpus& log_lines() {
  static const Corpus corpus = make([](std::mt19937_64& random) {
    return fmt::format(
        R"(10.{}.{}.{} - - [20/Nov/2026:10:{:02}:{:02} +0000] "GET /api/v1/orders/{}?page={} HTTP/1.1" 200 {} )"
        R"("https://shop.example.com/cart" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" {} "{}")",
        random() % 256, random() % 256, random() % 256, random() % 60, random() % 60, random() % 1000000, random() % 50,
        random() % 100000, random() % 1000, words(random, 16));
  });
  return corpus;
}

const Corpus& escaped_json() {
  static const Corpus corpus = make([](std::mt19937_64& random) {
    return fmt::format(R"({{"id":{},"note":"{}\n{}","quote":"\"{}\"","path":"C:\\tmp\\{}"}})", random(),
                       words(random, 14), words(random, 14), words(random, 6), random() % 1000);
  });
  return corpus;
}

const Corpus& chinese_comments() {
  static const Corpus corpus = make([](std::mt19937_64& random) {
    std::string text;
    while (text.size() < 330) {
      // From the 3,000 characters that most text is made of, as an even spread; punctuation now and then.
      const auto c = static_cast<uint32_t>(0x4E00 + random() % 3000 * 6);
      text += static_cast<char>(0xE0 | c >> 12);
      text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
      text += static_cast<char>(0x80 | (c & 0x3F));
      if (random() % 10 == 0) text += random() % 2 == 0 ? "\uFF0C" : "\u3002";
      if (random() % 40 == 0) text += fmt::format(" {} ", random() % 1000);
    }
    return text;
  });
  return corpus;
}

const Corpus& russian_text() {
  static const Corpus corpus = make([](std::mt19937_64& random) {
    std::string text;
    while (text.size() < 330) {
      const auto c = static_cast<uint32_t>(0x410 + random() % 64);
      text += static_cast<char>(0xC0 | c >> 6);
      text += static_cast<char>(0x80 | (c & 0x3F));
      if (random() % 6 == 0) text += ' ';
    }
    return text;
  });
  return corpus;
}

/// Calls `work(text, traits)` for one text after the other.
template <class Work>
void run(benchmark::State& state, const Corpus& corpus, Work&& work) {
  std::vector<TextTraits> traits;
  size_t corpus_bytes = 0;
  for (const std::string& text : corpus) {
    traits.push_back(classify(text));
    corpus_bytes += text.size();
  }
  for (auto _ : state) {
    for (size_t i = 0; i < corpus.size(); ++i) work(corpus[i], traits[i]);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(corpus_bytes));
  state.counters["bytes/text"] = static_cast<double>(corpus_bytes) / static_cast<double>(corpus.size());
}

void BM_Classify(benchmark::State& state, const Corpus& (*corpus)()) {
  run(state, corpus(), [](const std::string& text, TextTraits) { benchmark::DoNotOptimize(classify(text)); });
}

void BM_IsJsonContainer(benchmark::State& state, const Corpus& (*corpus)()) {
  run(state, corpus(), [](const std::string& text, TextTraits) { benchmark::DoNotOptimize(is_json_container(text)); });
}

void BM_Fold(benchmark::State& state, const Corpus& (*corpus)()) {
  TextFolder folder;
  run(state, corpus(),
      [&](const std::string& text, TextTraits traits) { benchmark::DoNotOptimize(folder.fold(text, traits)); });
}

void BM_Tokens(benchmark::State& state, const Corpus& (*corpus)()) {
  TextFolder folder;
  std::vector<TokenSpan> spans;
  size_t tokens = 0, texts = 0;
  run(state, corpus(), [&](const std::string& text, TextTraits traits) {
    spans.clear();
    find_tokens(folder.fold(text, traits), spans);
    benchmark::DoNotOptimize(spans.data());
    tokens += spans.size();
    ++texts;
  });
  state.counters["tokens/text"] = static_cast<double>(tokens) / static_cast<double>(texts);
}

/// Folds and searches, as verifying a block does.
void BM_FindPhrase(benchmark::State& state, const Corpus& (*corpus)(), const char* written) {
  TextFolder folder;
  PhraseFinder finder(*parse_phrase(written));
  size_t hits = 0, texts = 0;
  run(state, corpus(), [&](const std::string& text, TextTraits traits) {
    hits += finder.found_in(folder.fold(text, traits)) ? 1 : 0;
    ++texts;
  });
  state.counters["hits"] = static_cast<double>(hits) / static_cast<double>(texts);
}

/// A pattern on dictionary terms, as the planner's scan asks it; items_per_second is terms.
void BM_MatchTerms(benchmark::State& state, const char* written) {
  const TokenPattern pattern = parse_phrase(written)->tokens[0];
  std::mt19937_64 random(7420);
  Corpus terms;
  for (size_t i = 0; i < kTexts; ++i) terms.push_back(fmt::format("{:x}", random() >> random() % 40));
  for (auto _ : state) {
    for (const std::string& term : terms) benchmark::DoNotOptimize(pattern.may_match_term(term));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kTexts));
}

BENCHMARK_CAPTURE(BM_MatchTerms, prefix, "4bf9*");
BENCHMARK_CAPTURE(BM_MatchTerms, suffix, "*2f35");
BENCHMARK_CAPTURE(BM_MatchTerms, inside, "*f92f*");
BENCHMARK_CAPTURE(BM_MatchTerms, inside_with_one, "*f9?f*");
BENCHMARK_CAPTURE(BM_MatchTerms, one_first, "*?9b*e");
BENCHMARK_CAPTURE(BM_Classify, json_events, json_events);
BENCHMARK_CAPTURE(BM_Classify, escaped_json, escaped_json);
BENCHMARK_CAPTURE(BM_IsJsonContainer, json_events, json_events);
BENCHMARK_CAPTURE(BM_IsJsonContainer, escaped_json, escaped_json);
BENCHMARK_CAPTURE(BM_Fold, json_events, json_events);
BENCHMARK_CAPTURE(BM_Fold, escaped_json, escaped_json);
BENCHMARK_CAPTURE(BM_Fold, chinese, chinese_comments);
BENCHMARK_CAPTURE(BM_Fold, russian, russian_text);
BENCHMARK_CAPTURE(BM_Tokens, json_events, json_events);
BENCHMARK_CAPTURE(BM_Tokens, log_lines, log_lines);
BENCHMARK_CAPTURE(BM_Tokens, escaped_json, escaped_json);
BENCHMARK_CAPTURE(BM_Tokens, chinese, chinese_comments);
BENCHMARK_CAPTURE(BM_Tokens, russian, russian_text);
BENCHMARK_CAPTURE(BM_FindPhrase, json_rejected, json_events, "zookeeper");
BENCHMARK_CAPTURE(BM_FindPhrase, json_rejected_long, json_events, "order-10427001-unknown-zookeeper");
BENCHMARK_CAPTURE(BM_FindPhrase, json_rejected_short, json_events, "zk");
BENCHMARK_CAPTURE(BM_FindPhrase, json_hit_word, json_events, "timeout");
BENCHMARK_CAPTURE(BM_FindPhrase, json_hit_phrase, json_events, "payment timeout");
BENCHMARK_CAPTURE(BM_FindPhrase, json_inside_other_words, json_events, "rder");
BENCHMARK_CAPTURE(BM_FindPhrase, json_hit_prefix, json_events, "timeo*");
BENCHMARK_CAPTURE(BM_FindPhrase, json_any_then_word, json_events, "* timeout");
BENCHMARK_CAPTURE(BM_FindPhrase, chinese_rejected, chinese_comments, "\u652F\u4ED8\u8D85\u65F6");
BENCHMARK_CAPTURE(BM_FindPhrase, chinese_hit, chinese_comments, "\u4E00");

}  // namespace
}  // namespace kseek::tokenizer

BENCHMARK_MAIN();
