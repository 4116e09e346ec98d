#include "cli/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/time.h"
#include "cli/serve_config.h"

namespace kseek::cli {
namespace {

using Kind = Setting::Kind;

constexpr int64_t kManyBytes = int64_t{1} << 50;

Error expected(std::string what) { return {ErrorCode::kInvalid, std::move(what), ""}; }

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// A kind, how it is set, and how it is shown.
struct Place {
  Kind kind;
  std::function<Result<void>(const SettingValue&)> set;
  std::function<std::string()> shown;
};

Place text(std::string& place) {
  const auto set = [&place](const SettingValue& value) -> Result<void> {
    const auto* given = std::get_if<std::string>(&value);
    if (given == nullptr) return expected("a text in quotation marks");
    place = *given;
    return {};
  };
  return {Kind::kText, set, [&place] { return in_quotes(place); }};
}

/// One of some words.
Place choice(std::string& place, std::vector<std::string> words) {
  const auto set = [&place, words = std::move(words)](const SettingValue& value) -> Result<void> {
    const auto* given = std::get_if<std::string>(&value);
    if (given == nullptr || std::find(words.begin(), words.end(), *given) == words.end()) {
      return expected(fmt::format("one of \"{}\"", fmt::join(words, "\", \"")));
    }
    place = *given;
    return {};
  };
  return {Kind::kText, set, [&place] { return in_quotes(place); }};
}

Place truth(bool& place) {
  const auto set = [&place](const SettingValue& value) -> Result<void> {
    const auto* given = std::get_if<bool>(&value);
    if (given == nullptr) return expected("true or false");
    place = *given;
    return {};
  };
  return {Kind::kTruth, set, [&place] { return std::string(place ? "true" : "false"); }};
}

template <class Number>
Place whole(Number& place, int64_t least, int64_t most) {
  const auto set = [&place, least, most](const SettingValue& value) -> Result<void> {
    const auto* given = std::get_if<int64_t>(&value);
    if (given == nullptr || *given < least || *given > most) {
      return expected(fmt::format("a whole number from {} to {}", least, most));
    }
    place = static_cast<Number>(*given);
    return {};
  };
  return {Kind::kNumber, set, [&place] { return std::to_string(place); }};
}

std::string span_text(std::chrono::milliseconds span) {
  constexpr std::array<std::pair<int64_t, const char*>, 4> kUnits{
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}}};
  for (const auto& [unit, name] : kUnits) {
    if (span.count() % unit == 0) return fmt::format("{}{}", span.count() / unit, name);
  }
  return fmt::format("{}ms", span.count());
}

template <class Span>
Place span(Span& place) {
  const auto set = [&place](const SettingValue& value) -> Result<void> {
    const auto* given = std::get_if<std::string>(&value);
    if (given == nullptr) return expected("a span of time as text, for instance \"300s\" or \"5m\"");
    const auto parsed = parse_duration(*given);
    if (!parsed) {
      return expected(
          fmt::format("a whole number and a unit (ms, s, m, h, d or w) up to 100 years, for instance \"300s\" or "
                      "\"5m\", not {}",
                      in_quotes(*given)));
    }
    if (parsed->count() < 1) return expected("a span over 0");
    place = std::chrono::ceil<Span>(*parsed);
    return {};
  };
  return {Kind::kSpan, set, [&place] { return in_quotes(span_text(place)); }};
}

/// Collects the settings of one table after the other.
class List {
 public:
  void table(std::string name) { table_ = std::move(name); }
  void add(std::string key, Place place, std::string unit, std::string meaning) {
    all_.push_back({table_, std::move(key), place.kind, std::move(unit), std::move(meaning), std::move(place.set),
                    std::move(place.shown)});
  }
  [[nodiscard]] std::vector<Setting> take() { return std::move(all_); }

 private:
  std::string table_;
  std::vector<Setting> all_;
};

/// Who may do what, and how much of it: docs/security.md.
void add_protection(List& list, server::ServerOptions& server) {
  list.add(
      "tokens_file", text(server.tokens_file), "file",
      "Who may do what, as `kseek token add` writes it; read again when it changes. Empty: everybody may everything.");
  list.add("open_metrics", truth(server.open_metrics), "true or false",
           "/metrics asks for no token, though the rest does.");
  list.add("tls_cert_file", text(server.tls_cert_file), "file",
           "PEM, the server's certificate first; read again when it changes. Empty: no TLS.");
  list.add("tls_key_file", text(server.tls_key_file), "file", "PEM, without a password.");
  list.add("max_connections_per_client", whole(server.max_connections_per_client, 0, 1'000'000), "connections",
           "Of one address. 0: half of max_connections.");
  list.add("requests_per_second", whole(server.requests_per_second, 0, 1'000'000), "requests",
           "Of one client, which is a token's owner or else an address; more get 429. 0: no limit.");
  list.add("max_searches", whole(server.max_searches, 1, 1'000'000), "searches",
           "Waiting, running and streaming, of all clients; more get 503.");
  list.add("max_searches_per_client", whole(server.max_searches_per_client, 1, 1'000'000), "searches",
           "The same of one client; more get 429.");
  list.add("request_timeout", span(server.request_timeout), "span",
           "For a client to send a request, from its first line to its last byte.");
  list.add("answer_timeout", span(server.answer_timeout), "span",
           "For a client to take an answer; of a stream, 64 KiB of what there is.");
}

void add_server(List& list, server::ServerOptions& server) {
  list.table("server");
  list.add("listen", text(server.listen), "host:port",
           "Where HTTP is served. Port 0 picks a free one. Anything but the loopback address shows your messages to "
           "whoever reaches it.");
  list.add("max_connections", whole(server.max_connections, 1, 1'000'000), "connections",
           "Connections at once, each a file descriptor; more are refused.");
  list.add("idle_timeout", span(server.idle_timeout), "span", "A connection on which nothing happens is closed.");
  list.add("search_threads", whole(server.search_threads, 0, 1024), "threads",
           "Searches that work at the same time. 0: one a core, at least 4.");
  list.add("search_deadline", span(server.search_deadline), "span",
           "A search that takes longer answers with what it has, says that it is not complete, and gives a cursor.");
  list.add("max_streams", whole(server.max_streams, 1, 1'000'000), "streams",
           "Streamed searches and live tails at once; the rest get 503.");
  list.add("hosts", text(server.hosts), "names",
           "Names by which this server may be asked for, beside its addresses and localhost: \"kseek.example.com, "
           "*.lan\"; others get 403. Empty: that of listen where there is no tokens_file, and any where there "
           "is one. \"*\" is any.");
  list.add("cors_origins", text(server.cors_origins), "origins",
           "Whose pages may use the server from a browser: \"https://tools.example.com\", several apart by commas; "
           "\"*\" is all. Empty: only the server's own page.");
  list.add(
      "access_log", truth(server.access_log), "true or false",
      "A line of the log for each request, at level info; otherwise at debug. It does not say what was looked for.");
  add_protection(list, server);
}

void add_store(List& list, ServeConfig& config) {
  store::BlockOptions& blocks = config.store.blocks;
  list.table("store");
  list.add("data_dir", text(config.data_dir), "directory",
           "Messages and index; made where it is missing. One process owns it. Must be given, here or otherwise.");
  list.add("block_max_messages", whole(blocks.max_messages, 1, 1'000'000), "messages",
           "A block is sealed at so many messages. Smaller ones make seldom words quicker and the disk fuller.");
  list.add("block_max_bytes", whole(blocks.max_bytes, 1, 1 << 30), "bytes",
           "… or at so many bytes, whatever comes first; one message always fits.");
  list.add("blocks_per_segment", whole(blocks.blocks_per_segment, 1, 1024), "blocks",
           "So many sealed blocks become a fresh index segment; until then each takes about 125 kB of memory.");
  list.add("merge_width", whole(blocks.merge_width, 2, 1024), "segments",
           "So many neighbouring segments of one level are merged into one of the next.");
  list.add("max_level", whole(blocks.max_level, 0, 16), "level", "Segments of this level are not merged further.");
  list.add("block_cache_bytes", whole(config.store.block_cache_bytes, 0, kManyBytes), "bytes",
           "Decoded blocks that are kept in memory for the next search.");
  list.add("write_buffer_bytes", whole(config.store.write_buffer_bytes, 1 << 20, kManyBytes), "bytes",
           "Memory for what RocksDB has not written to its files yet, all topics together.");
}

void add_indexer(List& list, indexer::IndexerOptions& indexer) {
  list.table("indexer");
  list.add("brokers", text(indexer.brokers), "host:port,…",
           "Kafka's bootstrap servers. Empty: what is stored can be searched, nothing is tailed.");
  list.add("memory_limit_bytes", whole(indexer.memory_limit_bytes, 1 << 20, kManyBytes), "bytes",
           "Messages in memory that are not sealed yet, all topics together; over it tailing waits for the disk.");
  list.add("seal_after", span(indexer.seal_after), "span", "A block that is not full is sealed at this age.");
  list.add("watermark_interval", span(indexer.watermark_interval), "span",
           "How often Kafka is asked where partitions begin and end.");
  list.add("metadata_interval", span(indexer.metadata_interval), "span",
           "How often new partitions, deleted topics and changed settings are looked for.");
  list.add("commit_interval", span(indexer.commit_interval), "span",
           "How often what is sealed is synced to the disk and committed to the group kseek-TOPIC.");
  list.add("compaction_interval", span(indexer.compaction_interval), "span",
           "How often a compacted topic is read again, to see what Kafka has removed.");
  list.add("compaction_bytes_per_second", whole(indexer.compaction_bytes_per_second, 0, kManyBytes), "bytes a second",
           "How fast it is read. 0: as fast as it goes.");
  list.add("workers", whole(indexer.workers, 0, 1024), "threads",
           "Threads that seal, index, merge and expire. 0: one a core.");
  list.add("max_topics", whole(indexer.max_topics, 1, 1'000'000), "topics", "So many topics can be open.");
  list.add("dead_letter_topic", text(indexer.dead_letter_topic), "topic",
           "Kafka topic that dead letters are sent on to, unless a topic names its own. Empty: none.");
}

void add_log(List& list, LogOptions& log) {
  list.table("log");
  list.add("level", choice(log.level, {"debug", "info", "warn", "error"}), "word",
           "debug, info, warn or error: what is less than that is not written. Can be changed while running (SIGHUP).");
  list.add("format", choice(log.format, {"text", "json"}), "word",
           "text: lines for people. json: an object a line, with time, level, topic, partition and message.");
}

}  // namespace

const std::vector<SettingTable>& setting_tables() {
  static const std::vector<SettingTable> kTables{
      {"server", "The HTTP endpoint and the web page."},
      {"store", "What is on disk, and how much memory reading and writing it takes."},
      {"indexer", "How messages come from Kafka."},
      {"log", "What is written to standard error while it serves."},
      {"kafka", "Any property of librdkafka by its own name, in quotation marks: how to log in, TLS, tuning."}};
  return kTables;
}

std::string Setting::variable() const {
  std::string name = "KSEEK_" + table + "_" + key;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return name;
}

std::vector<Setting> settings_of(ServeConfig& config) {
  List list;
  add_server(list, config.server);
  add_store(list, config);
  add_indexer(list, config.indexer);
  add_log(list, config.log);
  return list.take();
}

Result<void> set_from_text(const Setting& setting, const std::string& text) {
  if (setting.kind == Kind::kTruth && (text == "true" || text == "false")) return setting.set(text == "true");
  if (setting.kind == Kind::kNumber) {
    int64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && rest == text.data() + text.size()) return setting.set(number);
  }
  return setting.set(text);
}

}  // namespace kseek::cli
