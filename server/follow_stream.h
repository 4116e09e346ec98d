// A live tail: first the events of a search (search_stream.h), then "hits" with what comes and matches, oldest first,
// until the client goes. "skipped" says how many messages were not looked at, and why, when a client can't keep up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/follower.h"
#include "server/search_stream.h"

namespace kseek::server {

class FollowStream final : public StreamWork {
 public:
  /// As SearchStream; `topics` are the request's, by name.
  FollowStream(const store::Store& store, Metrics& metrics, const query::SearchRequest& request,
               std::vector<std::string> topics, std::vector<std::string> starting, std::chrono::milliseconds deadline);

  Next step(EventStream& stream) override;
  bool ready() override { return !follower_ || follower_->has_new(); }

 private:
  const store::Store& store_;
  const query::SearchRequest request_;
  const std::vector<std::string> topics_;
  SearchStream search_;
  std::optional<query::Follower> follower_;  // once the search is done
};

}  // namespace kseek::server
