// SQLite's FTS5 in the peers' protocol (bench/peers/peer.h), as its documentation "SQLite FTS5 Extension" says:
//
//   * the messages in a table, an external-content FTS5 table over it (content=, content_rowid=), detail=full for
//   phrases
//   * row numbers rise with time, so that ORDER BY rowid DESC, which FTS5 gives without sorting, is newest first
//   * one transaction for all; its hash of pending terms 64 MiB instead of 1 (option hashsize); cache of 256 MiB; no
//     journal while it loads, synced at the end ("PRAGMA Statements")
//   * keys by a plain index on (key, time)
//
// KSEEK_BENCH_TRIGRAM=1: the tokenizer `trigram` instead of `unicode61`: finds parts of words, not words. One writer:
// the number of threads changes nothing.
#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "bench/measure.h"
#include "bench/peers/peer.h"
#include "bench/peers/time_order.h"

namespace kseek::bench {
namespace {

namespace fs = std::filesystem;
using Form = Question::Form;

constexpr const char* kLoadPragmas =
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=FULL; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-262144;";
constexpr const char* kSearchPragmas = "PRAGMA cache_size=-262144; PRAGMA mmap_size=0;";
constexpr const char* kMessages =
    "CREATE TABLE messages(id INTEGER PRIMARY KEY, part INTEGER, off INTEGER, time INTEGER, key TEXT, value TEXT);";
constexpr const char* kWords =
    "CREATE VIRTUAL TABLE words USING fts5(value, content='messages', content_rowid='id', detail=full, tokenize='{}');"
    "INSERT INTO words(words, rank) VALUES('hashsize', 67108864);";
constexpr const char* kFindWords =
    "SELECT m.part, m.off, m.key, m.value FROM words JOIN messages m ON m.id = words.rowid WHERE words MATCH ?1 "
    "ORDER BY words.rowid DESC LIMIT 10";
constexpr const char* kFindKey =
    "SELECT part, off, key, value FROM messages WHERE key = ?1 AND time BETWEEN ?2 AND ?3 "
    "ORDER BY time DESC, id DESC LIMIT 10";

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct EndStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, EndStatement>;

Database open_database(const fs::path& dir, int flags) {
  sqlite3* db = nullptr;
  if (sqlite3_open_v2((dir / "messages.db").c_str(), &db, flags, nullptr) != SQLITE_OK) fail("SQLite can't open");
  return Database(db);
}

void execute(sqlite3* db, const std::string& sql) {
  char* message = nullptr;
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message) != SQLITE_OK) {
    fail(fmt::format("SQLite: {}: {}", message != nullptr ? message : "", sql));
  }
}

Statement prepare(sqlite3* db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) fail(sqlite3_errmsg(db));
  return Statement(statement);
}

/// The text must outlive the statement's step.
void bind_text(sqlite3_stmt* statement, int place, const std::optional<std::string>& text) {
  if (text) {
    sqlite3_bind_text(statement, place, text->data(), static_cast<int>(text->size()), SQLITE_STATIC);
  } else {
    sqlite3_bind_null(statement, place);
  }
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string match_expression(const Question& question) {
  switch (question.form) {
    case Form::kAnd: {
      std::string all;
      for (const std::string& word : split(question.text, ' ')) all += (all.empty() ? "" : " AND ") + quoted(word);
      return all;
    }
    case Form::kPrefix: return quoted(question.text) + "*";
    default: return quoted(question.text);
  }
}

class SqlitePeer final : public Peer {
 public:
  void index(const fs::path& data, const fs::path& dir, unsigned /*threads*/) override {
    const Database db = open_database(dir, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    execute(db.get(), kLoadPragmas);
    execute(db.get(), kMessages);
    execute(db.get(), fmt::format(kWords, trigram_ ? "trigram" : "unicode61"));
    execute(db.get(), "BEGIN");
    insert_all(db.get(), data);
    execute(db.get(), "CREATE INDEX messages_by_key ON messages(key, time)");
    execute(db.get(), "COMMIT");
  }

  void open(const fs::path& dir) override {
    db_ = open_database(dir, SQLITE_OPEN_READONLY);
    execute(db_.get(), kSearchPragmas);
    find_words_ = prepare(db_.get(), kFindWords);
    find_key_ = prepare(db_.get(), kFindKey);
  }
  void close() override {
    find_words_.reset();
    find_key_.reset();
    db_.reset();
  }

  [[nodiscard]] std::optional<std::string> cannot(const Question& question) const override {
    if (question.form == Form::kKey) return std::nullopt;
    if (trigram_) {
      const std::array<std::string_view, 5> substrings = {"rare word", "UUID", "Chinese phrase", "*infix*", "nothing"};
      if (std::find(substrings.begin(), substrings.end(), question.kind) != substrings.end()) return std::nullopt;
      return "finds parts of words, not words";
    }
    if (question.form == Form::kInfix) return "has no wildcard inside a word";
    if (question.kind == "Chinese phrase") return "takes a run of Chinese for one word";
    return std::nullopt;
  }

  [[nodiscard]] std::vector<Position> search(const Question& question) override {
    const bool key = question.form == Form::kKey;
    sqlite3_stmt* statement = key ? find_key_.get() : find_words_.get();
    const std::optional<std::string> text = key ? question.text : match_expression(question);
    bind_text(statement, 1, text);
    if (key) {
      const auto times = question.times.value_or(std::pair(INT64_MIN, INT64_MAX));
      sqlite3_bind_int64(statement, 2, times.first);
      sqlite3_bind_int64(statement, 3, times.second);
    }
    std::vector<Position> hits;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      hits.push_back({PartitionId{sqlite3_column_int(statement, 0)}, Offset{sqlite3_column_int64(statement, 1)}});
      if (sqlite3_column_type(statement, 3) == SQLITE_TEXT) (void)sqlite3_column_text(statement, 3);
    }
    if (code != SQLITE_DONE) fail(sqlite3_errmsg(db_.get()));
    sqlite3_reset(statement);
    return hits;
  }

 private:
  static void insert_all(sqlite3* db, const fs::path& data) {
    const Statement message_row = prepare(db, "INSERT INTO messages VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
    const Statement words_row = prepare(db, "INSERT INTO words(rowid, value) VALUES(?1, ?2)");
    TimeOrderedReader reader(data);
    for (int64_t id = 1;; ++id) {
      const auto message = reader.next();
      if (!message) return;
      sqlite3_bind_int64(message_row.get(), 1, id);
      sqlite3_bind_int(message_row.get(), 2, message->partition);
      sqlite3_bind_int64(message_row.get(), 3, message->offset);
      sqlite3_bind_int64(message_row.get(), 4, message->time_ms);
      bind_text(message_row.get(), 5, message->key);
      bind_text(message_row.get(), 6, message->value);
      sqlite3_bind_int64(words_row.get(), 1, id);
      bind_text(words_row.get(), 2, message->value);
      for (sqlite3_stmt* row : {message_row.get(), words_row.get()}) {
        if (sqlite3_step(row) != SQLITE_DONE) fail(sqlite3_errmsg(db));
        sqlite3_reset(row);
      }
    }
  }

  const bool trigram_ = std::getenv("KSEEK_BENCH_TRIGRAM") != nullptr;
  Database db_;
  Statement find_words_;
  Statement find_key_;
};

}  // namespace
}  // namespace kseek::bench

int main(int argc, char** argv) {
  kseek::bench::SqlitePeer peer;
  return kseek::bench::run_peer(peer, argc, argv);
}
