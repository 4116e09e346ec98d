#include "bench/peers/peer.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <span>
#include <thread>

#include "bench/compare/page_cache.h"
#include "bench/measure.h"

namespace kseek::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
constexpr size_t kMinSamples = 5;  // slow kinds get fewer than the rounds, but not fewer than these
constexpr size_t kColdQuestions = 10;

struct Settings {
  unsigned threads = 1;
  size_t rounds = 3;
  double seconds = 10;
  double rate = 100;
  bool cold = false;
  std::vector<std::string> plain;
};

Settings parse(std::span<char*> arguments) {
  std::map<std::string, std::string> values;
  Settings settings;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string name = arguments[i];
    if (name == "--cold") {
      settings.cold = true;
    } else if (!name.starts_with("--")) {
      settings.plain.push_back(name);
    } else if (i + 1 < arguments.size()) {
      values[name] = arguments[++i];
    } else {
      fail(name + " needs a value");
    }
  }
  for (const auto& [name, text] : values) {
    const double value = std::strtod(text.c_str(), nullptr);
    if (value <= 0) fail(name + " must be above 0");
    if (name == "--threads") {
      settings.threads = static_cast<unsigned>(value);
    } else if (name == "--rounds") {
      settings.rounds = static_cast<size_t>(value);
    } else if (name == "--seconds") {
      settings.seconds = value;
    } else if (name == "--rate") {
      settings.rate = value;
    } else {
      fail("unknown option " + name);
    }
  }
  return settings;
}

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

struct Asked {
  std::vector<Position> hits;
  std::vector<double> ms;
  bool answered = false;
};

void print(const Question& question, const Asked& asked) {
  std::string hits;
  for (const Position& at : asked.hits) {
    hits += fmt::format("{}[{},{}]", hits.empty() ? "" : ",", at.partition.value, at.offset.value);
  }
  std::string times;
  for (const double ms : asked.ms) times += fmt::format("{}{:.4f}", times.empty() ? "" : ",", ms);
  fmt::print("{{\"id\":\"{}\",\"kind\":\"{}\",\"hits\":[{}],\"ms\":[{}]}}\n", question.id, question.kind, hits, times);
}

/// Questions of one kind, `seconds` at most.
std::vector<Asked> ask_warm(Peer& peer, std::span<const Question> questions, const Settings& settings) {
  std::vector<Asked> asked(questions.size());
  const auto begin = Clock::now();
  for (size_t i = 0; i < questions.size() && ms_since(begin) < settings.seconds * 300; ++i) {
    asked[i].hits = peer.search(questions[i]);
    asked[i].answered = true;
  }
  size_t samples = 0;
  for (size_t round = 0; round < settings.rounds; ++round) {
    for (size_t i = 0; i < questions.size(); ++i) {
      if (!asked[i].answered) continue;
      if (samples >= kMinSamples && ms_since(begin) > settings.seconds * 1e3) return asked;
      const auto start = Clock::now();
      const std::vector<Position> hits = peer.search(questions[i]);
      asked[i].ms.push_back(ms_since(start));
      ++samples;
      if (hits != asked[i].hits) fail("two answers to " + questions[i].id);
    }
  }
  return asked;
}

std::vector<Asked> ask_cold(Peer& peer, const fs::path& dir, std::span<const Question> questions,
                            const Settings& settings) {
  std::vector<Asked> asked(questions.size());
  const auto begin = Clock::now();
  for (size_t i = 0; i < std::min(questions.size(), kColdQuestions); ++i) {
    if (i > 0 && ms_since(begin) > settings.seconds * 1e3) break;
    peer.close();
    drop_page_cache(dir);
    peer.open(dir);
    const auto start = Clock::now();
    asked[i].hits = peer.search(questions[i]);
    asked[i].ms.push_back(ms_since(start));
    asked[i].answered = true;
  }
  return asked;
}

void search(Peer& peer, const fs::path& dir, const fs::path& file, const Settings& settings) {
  const std::vector<Question> questions = read_questions(file);
  peer.open(dir);
  for (size_t begin = 0; begin < questions.size();) {
    size_t end = begin;
    while (end < questions.size() && questions[end].kind == questions[begin].kind) ++end;
    const std::span<const Question> kind(questions.data() + begin, end - begin);
    begin = end;
    if (const auto why = peer.cannot(kind.front())) {
      fmt::print("{{\"id\":\"{}\",\"kind\":\"{}\",\"cannot\":\"{}\"}}\n", kind.front().id, kind.front().kind, *why);
      continue;
    }
    const std::vector<Asked> asked =
        settings.cold ? ask_cold(peer, dir, kind, settings) : ask_warm(peer, kind, settings);
    for (size_t i = 0; i < kind.size(); ++i) {
      if (asked[i].answered) print(kind[i], asked[i]);
    }
    std::fflush(stdout);
  }
  peer.close();
}

/// Asks on schedule until `stop`; a question that the one before it delayed has waited.
std::vector<double> ask_on_schedule(Peer& peer, const std::vector<Question>& questions, double rate,
                                    const std::atomic<bool>& stop) {
  std::vector<double> ms;
  const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
  auto due = Clock::now();
  for (size_t i = 0; !stop; ++i, due += interval) {
    std::this_thread::sleep_until(due);
    (void)peer.search(questions[i % questions.size()]);
    ms.push_back(ms_since(due));
  }
  return ms;
}

/// Kinds that a person's or a program's quick look asks, in turn.
std::vector<Question> quick_questions(const fs::path& file) {
  std::map<std::string, std::vector<Question>> by_kind;
  for (Question& question : read_questions(file)) by_kind[question.kind].push_back(std::move(question));
  std::vector<Question> quick;
  for (size_t i = 0;; ++i) {
    const size_t before = quick.size();
    for (const char* kind : {"rare word", "UUID", "key", "frequent word", "nothing"}) {
      if (i < by_kind[kind].size()) quick.push_back(by_kind[kind][i]);
    }
    if (quick.size() == before) return quick;
  }
}

void mixed(Peer& peer, const fs::path& data, const fs::path& dir, const fs::path& file, const Settings& settings) {
  if (!peer.searches_while_indexing()) fail("this peer does not search while it indexes");
  const std::vector<Question> questions = quick_questions(file);
  std::atomic<bool> stop = false;
  std::vector<double> ms;
  std::thread searcher([&] { ms = ask_on_schedule(peer, questions, settings.rate, stop); });
  peer.index(data, dir, settings.threads);
  stop = true;
  searcher.join();
  print({"mixed", "mixed", Question::Form::kWord, "", std::nullopt}, {{}, ms, true});
}

}  // namespace

int run_peer(Peer& peer, int argc, char** argv) {
  const Settings settings = parse({argv + 1, argv + argc});
  const auto& plain = settings.plain;
  const std::string what = plain.empty() ? "" : plain[0];
  if (what == "index" && plain.size() == 3) {
    fs::create_directories(plain[2]);
    peer.index(plain[1], plain[2], settings.threads);
  } else if (what == "search" && plain.size() == 3) {
    search(peer, plain[1], plain[2], settings);
  } else if (what == "mixed" && plain.size() == 4) {
    fs::create_directories(plain[2]);
    mixed(peer, plain[1], plain[2], plain[3], settings);
  } else {
    fail("bench/peers/peer.h says how a peer is called");
  }
  return 0;
}

}  // namespace kseek::bench
