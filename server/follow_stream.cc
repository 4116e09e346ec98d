#include "server/follow_stream.h"

#include <utility>

#include "server/json.h"

namespace kseek::server {

FollowStream::FollowStream(const store::Store& store, Metrics& metrics, const query::SearchRequest& request,
                           std::vector<std::string> topics, std::vector<std::string> starting,
                           std::chrono::milliseconds deadline)
    : store_(store),
      request_(request),
      topics_(std::move(topics)),
      search_(store, metrics, request, std::move(starting), deadline) {}

StreamWork::Next FollowStream::step(EventStream& stream) {
  if (!follower_) {
    if (search_.step(stream) == Next::kAgain) return Next::kAgain;
    if (search_.failed()) return Next::kEnd;
    follower_.emplace(store_, request_, topics_, search_.coverage());
    return Next::kWait;
  }
  auto news = follower_->next();
  if (!news) {
    stream.send("error", error_json(news.error()));
    return Next::kEnd;
  }
  if (news->skipped > 0) stream.send("skipped", skipped_json(news->skipped, news->because));
  if (!news->hits.empty()) stream.send("hits", hits_json(news->hits));
  return news->more ? Next::kAgain : Next::kWait;
}

}  // namespace kseek::server
