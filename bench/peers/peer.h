// What every peer program has in common: how it is called, and how it is timed. The Java and Rust peers follow the same
// protocol (bench/README.md):
//
//   peer index DATA DIR --threads N
//   peer search DIR QUESTIONS [--rounds R] [--seconds S] [--cold]
//   peer mixed DATA DIR QUESTIONS --threads N [--rate 100]
//
// search asks the questions kind after kind: once each to warm up (the hits are from there), then R rounds, timed one
// by one, at most S seconds a kind. With --cold each of the first ten questions of a kind is asked of an index that was
// just opened and whose files had left the page cache before. mixed indexes at full speed while one thread asks `rate`
// questions a second; a question's time begins when it was due. Answers go to standard output, a JSON object a line:
// {"id", "kind", "hits": [[partition, offset], …], "ms": […]} or {"id", "kind", "cannot": "why"}.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/compare/question.h"
#include "bench/data_generator.h"

namespace kseek::bench {

/// Failures end the program (bench::fail). One thread, but that of searches while index() runs (mixed).
class Peer {
 public:
  virtual ~Peer() = default;
  /// Everything in `data` (message_file.h) is on disk, synced, and searchable when it returns. `dir` is there, empty.
  virtual void index(const std::filesystem::path& data, const std::filesystem::path& dir, unsigned threads) = 0;
  virtual void open(const std::filesystem::path& dir) = 0;
  virtual void close() = 0;
  /// Why this kind of question can't be asked here; nullopt: it can.
  [[nodiscard]] virtual std::optional<std::string> cannot(const Question& question) const = 0;
  /// The newest ten, newest first; the messages themselves are fetched too. REQUIRES: open, or (mixed) indexing.
  [[nodiscard]] virtual std::vector<Position> search(const Question& question) = 0;
  /// Whether search() may run in another thread while index() does.
  [[nodiscard]] virtual bool searches_while_indexing() const { return false; }
};

/// The program's main().
int run_peer(Peer& peer, int argc, char** argv);

}  // namespace kseek::bench
