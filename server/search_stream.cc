#include "server/search_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/json.h"

namespace kseek::server {
namespace {

constexpr std::chrono::milliseconds kRound{250};

/// Takes away what a round says of its own end, if time ran out inside it: the next one goes on exactly there. What it
/// said; nullopt: it did not.
std::optional<std::string> take_cut(query::SearchAnswer& round) {
  if (round.cut_short.empty()) return std::nullopt;
  round.incomplete_because.pop_back();  // the search says it last
  return std::move(round.cut_short);
}

/// Adds what a further round did. What it says of the blocks in all and of the conditions is the first round's.
void add_work(query::Explain& total, const query::Explain& round) {
  total.candidates += round.candidates;
  total.blocks_opened += round.blocks_opened;
  total.memory_blocks_scanned += round.memory_blocks_scanned;
  total.messages_verified += round.messages_verified;
  total.bytes_read += round.bytes_read;
  total.blocks_not_asked = round.blocks_not_asked;
  total.notes.insert(total.notes.end(), round.notes.begin(), round.notes.end());
  total.plan_ms += round.plan_ms;
  total.read_ms += round.read_ms;
  total.verify_ms += round.verify_ms;
}

}  // namespace

SearchStream::SearchStream(const store::Store& store, Metrics& metrics, query::SearchRequest request,
                           std::vector<std::string> starting, std::chrono::milliseconds deadline)
    : store_(store),
      metrics_(metrics),
      request_(std::move(request)),
      starting_(std::move(starting)),
      deadline_(deadline),
      limit_(request_.limit),
      explain_(request_.explain) {
  request_.explain = true;  // its counts are the progress
  request_.deadline = std::min(kRound, deadline);
}

StreamWork::Next SearchStream::step(EventStream& stream) {
  request_.limit = limit_ - given_;
  request_.cancelled = stream.gone_flag();
  auto round = query::search(store_, request_);
  if (!round) {
    failed_ = true;
    metrics_.count_failed_search(to_string(round.error().code));
    stream.send("error", error_json(round.error()));
    return Next::kEnd;
  }
  if (!round->hits.empty()) stream.send("hits", hits_json(round->hits));
  add(*std::move(round));
  const bool on_time = Clock::now() - began_ < deadline_;
  if (cut_short_ && given_ < limit_ && on_time) {
    request_.cursor = total_.cursor;
    tell_progress(stream);
    return Next::kAgain;
  }
  auto& reasons = total_.incomplete_because;
  if (cut_short_) reasons.push_back(*cut_short_);
  reasons.insert(reasons.end(), starting_.begin(), starting_.end());
  total_.complete = reasons.empty();
  if (!explain_) total_.explain.reset();
  metrics_.count_search(total_, given_);
  stream.send("summary", summary_json(total_));
  return Next::kEnd;
}

void SearchStream::add(query::SearchAnswer&& round) {
  ++rounds_;
  given_ += round.hits.size();
  cut_short_ = take_cut(round);
  auto& reasons = total_.incomplete_because;
  for (std::string& reason : round.incomplete_because) {
    const bool known = std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
    if (!known) reasons.push_back(std::move(reason));
  }
  total_.more = round.more;
  total_.cursor = std::move(round.cursor);
  total_.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
  total_.coverage = std::move(round.coverage);
  if (!total_.explain) {
    total_.explain = std::move(round.explain);
  } else {
    add_work(*total_.explain, *round.explain);
  }
}

void SearchStream::tell_progress(EventStream& stream) const {
  const query::Explain& done = *total_.explain;
  stream.send("progress",
              fmt::format(R"({{"rounds":{},"hits":{},"blocks_opened":{},"messages_verified":{},"bytes_read":{},)"
                          R"("full_scan_bytes":{},"took_ms":{}}})",
                          rounds_, given_, done.blocks_opened, done.messages_verified, done.bytes_read,
                          done.full_scan_bytes, static_cast<double>(total_.took.count()) / 1000.0));
}

}  // namespace kseek::server
