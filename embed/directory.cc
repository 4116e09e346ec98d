// What can be asked of a directory, whoever owns it.
#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "embed/convert.h"
#include "embed/directory_impl.h"
#include "embed/query_impl.h"
#include "query/messages.h"
#include "query/query_text.h"

namespace kseek::v1 {
namespace {

using kseek::embed::from_api;
using kseek::embed::to_api;
using kseek::query::Condition;
template <class T>
using OurResult = kseek::Result<T>;

kseek::Error invalid(std::string message, std::string hint) {
  return {kseek::ErrorCode::kInvalid, std::move(message), std::move(hint)};
}

kseek::Error not_opened(std::string_view topic) {
  return {kseek::ErrorCode::kNotFound, fmt::format("topic \"{}\" is not opened", topic),
          "its owner opens it (kseek open, Owner::open_topic)"};
}

/// The request's conditions, all of which must hold.
OurResult<std::optional<Condition>> condition_of(const SearchRequest& request, kseek::Timestamp asked_at) {
  std::vector<Condition> conditions;
  if (!request.text.empty()) {
    KSEEK_ASSIGN(Condition condition, kseek::query::parse_query(request.text, asked_at));
    conditions.push_back(std::move(condition));
  }
  if (request.query.impl()->error) return *request.query.impl()->error;
  if (request.query.impl()->condition) conditions.push_back(*request.query.impl()->condition);
  if (conditions.empty()) return std::optional<Condition>();
  return std::optional(Condition::all_of(std::move(conditions)));
}

OurResult<kseek::query::SearchRequest> request_of(const SearchRequest& request) {
  kseek::query::SearchRequest asked;
  asked.asked_at = kseek::now();
  if (!request.cursor.empty()) {
    KSEEK_ASSIGN(asked.asked_at, kseek::query::first_asked_at(request.cursor));
  }
  asked.topics = request.topics;
  if (request.partitions) {
    KSEEK_ASSIGN(asked.partitions, from_api(*request.partitions));
  }
  if (request.first_offset < 0 || request.last_offset < request.first_offset) {
    return invalid(fmt::format("offsets {} to {} are none", request.first_offset, request.last_offset),
                   "both ends are included; the smaller one comes first");
  }
  asked.offsets = {{request.first_offset}, {request.last_offset}};
  asked.times = from_api(request.first_time, request.last_time);
  if (asked.times.last < asked.times.first) return invalid("the times end before they begin", "");
  KSEEK_ASSIGN(asked.where, condition_of(request, asked.asked_at));
  asked.order = request.order == Order::kNewest ? kseek::query::Order::kNewest : kseek::query::Order::kOldest;
  asked.limit = request.limit;
  asked.cursor = request.cursor;
  asked.deadline = request.deadline;
  asked.cancelled = request.cancelled;
  return asked;
}

template <class Answer>
void add_reasons(Answer& answer, const std::vector<std::string>& reasons) {
  answer.complete = answer.complete && reasons.empty();
  answer.incomplete_because.insert(answer.incomplete_because.end(), reasons.begin(), reasons.end());
}

/// `store` is the directory's, and must outlive the answer's hits.
OurResult<kseek::query::SearchAnswer> run(const Directory::Impl& directory, const store::Store& store,
                                          const kseek::query::SearchRequest& asked) {
  const std::vector<std::string> reasons = directory.reasons(asked.topics);
  KSEEK_ASSIGN(kseek::query::SearchAnswer answer, kseek::query::search(store, asked));
  add_reasons(answer, reasons);
  return answer;
}

Result<MessagesAnswer> read(const Directory::Impl& directory, const kseek::query::MessagesRequest& asked) {
  const std::vector<std::string> reasons = directory.reasons({asked.topic});
  const auto store = directory.store();
  auto answer = kseek::query::read_messages(*store, asked);
  if (!answer) return to_api(answer.error());
  add_reasons(*answer, reasons);
  return to_api(*answer);
}

}  // namespace

Directory::Directory(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Directory::Directory(Directory&&) noexcept = default;
Directory& Directory::operator=(Directory&&) noexcept = default;
Directory::~Directory() = default;

Result<SearchAnswer> Directory::search(const SearchRequest& request) const {
  const auto asked = request_of(request);
  if (!asked) return to_api(asked.error());
  const auto store = impl_->store();
  const auto answer = run(*impl_, *store, *asked);
  if (!answer) return to_api(answer.error());
  return to_api(*answer);
}

Result<std::optional<Message>> Directory::get(std::string_view topic, std::int32_t partition,
                                              std::int64_t offset) const {
  const auto store = impl_->store();
  const auto opened = store->topic(topic);
  if (opened == nullptr) return to_api(not_opened(topic));
  const auto found = store::find_message(*opened, PartitionId{partition}, Offset{offset});
  if (!found) return to_api(found.error());
  if (!*found) return std::optional<Message>();
  return std::optional(to_api(topic, opened->config().time_kind, (*found)->message));
}

Result<MessagesAnswer> Directory::messages_from_offset(std::string_view topic, std::int32_t partition,
                                                       std::int64_t offset, std::size_t limit) const {
  if (offset < 0) return to_api(invalid(fmt::format("offset: {} is none", offset), "they count from 0"));
  kseek::query::MessagesRequest asked;
  asked.topic = topic;
  asked.partitions = {PartitionId{partition}};
  asked.offset = Offset{offset};
  asked.limit = limit;
  return read(*impl_, asked);
}

Result<MessagesAnswer> Directory::messages_from_time(std::string_view topic, TimePoint time,
                                                     const std::optional<std::vector<std::int32_t>>& partitions,
                                                     const std::string& cursor, std::size_t limit) const {
  kseek::query::MessagesRequest asked;
  asked.topic = topic;
  asked.time = from_api(time);
  asked.cursor = cursor;
  asked.limit = limit;
  if (partitions) {
    auto ids = from_api(*partitions);
    if (!ids) return to_api(ids.error());
    asked.partitions = *std::move(ids);
  }
  return read(*impl_, asked);
}

std::vector<TopicInfo> Directory::topics() const {
  std::vector<TopicInfo> infos;
  const auto store = impl_->store();
  for (const auto& topic : store->topics()) infos.push_back(to_api(*topic));
  return infos;
}

Result<TopicInfo> Directory::topic(std::string_view name) const {
  const auto store = impl_->store();
  const auto opened = store->topic(name);
  if (opened == nullptr) return to_api(not_opened(name));
  return to_api(*opened);
}

// --- all hits, one by one --------------------------------------------------------------------------------------------

struct HitStream::Impl {
  Impl(const Directory::Impl& its_directory, OurResult<kseek::query::SearchRequest> asked)
      : directory(its_directory), request(std::move(asked)) {}
  const Directory::Impl& directory;
  OurResult<kseek::query::SearchRequest> request;  // with the next page's cursor
  std::shared_ptr<store::Store> store;             // the page's
  std::vector<kseek::query::Hit> page;
  std::size_t given = 0;  // of the page
  bool more = true;
  bool complete = true;
  std::vector<std::string> reasons;
  std::vector<Coverage> coverage;
};

HitStream::HitStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HitStream::HitStream(HitStream&&) noexcept = default;
HitStream& HitStream::operator=(HitStream&&) noexcept = default;
HitStream::~HitStream() = default;

HitStream Directory::find(const SearchRequest& request) const {
  auto asked = request_of(request);
  if (asked) asked->deadline = std::chrono::hours(24 * 365);  // the next page would only go on
  return HitStream(std::make_unique<HitStream::Impl>(*impl_, std::move(asked)));
}

Result<std::optional<Hit>> HitStream::next() {
  Impl& stream = *impl_;
  while (stream.given == stream.page.size()) {
    if (!stream.more) return std::optional<Hit>();
    stream.more = false;
    if (!stream.request) return to_api(stream.request.error());
    stream.page.clear();
    stream.given = 0;
    stream.store = stream.directory.store();
    auto answer = run(stream.directory, *stream.store, *stream.request);
    if (!answer) return to_api(answer.error());
    stream.request->cursor = answer->cursor;
    stream.more = answer->more;
    stream.complete = stream.complete && answer->complete;
    for (std::string& reason : answer->incomplete_because) {
      const bool known = std::find(stream.reasons.begin(), stream.reasons.end(), reason) != stream.reasons.end();
      if (!known) stream.reasons.push_back(std::move(reason));
    }
    stream.page = std::move(answer->hits);
    stream.coverage = to_api(answer->coverage);
  }
  return std::optional(to_api(stream.page[stream.given++]));
}

bool HitStream::complete() const { return impl_->complete; }
const std::vector<std::string>& HitStream::incomplete_because() const { return impl_->reasons; }
const std::vector<Coverage>& HitStream::coverage() const { return impl_->coverage; }

}  // namespace kseek::v1
