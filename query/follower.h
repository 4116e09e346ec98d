// What has come since: the messages that were taken in after an answer, and match. It reads each new message once, from
// where it stands (usually memory), so following costs what comes and not what is stored. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "query/matcher.h"
#include "query/request.h"
#include "store/store.h"

namespace kseek::query {

class Follower {
 public:
  struct News {
    std::vector<Hit> hits;             ///< by time, then partition and offset, rising; at most kMaxNews
    uint64_t skipped = 0;              ///< messages (offsets) that were not looked at, whether or not they match
    std::vector<std::string> because;  ///< why they were skipped, one sentence each
    bool more = false;                 ///< there is more already
  };
  static constexpr size_t kMaxNews = 50;
  /// A follower further behind than this in one partition goes on kKept messages before its end.
  static constexpr int64_t kMaxBehind = 100'000;
  static constexpr int64_t kKept = 1'000;

  /// Follows `request` (its cursor, order and limit don't matter) from where an answer to it ended. `seen`: that
  /// answer's coverage; partitions that are not in it are followed from their low watermark. `topics` are names.
  Follower(const store::Store& store, const SearchRequest& request, const std::vector<std::string>& topics,
           const std::vector<PartitionCoverage>& seen);

  /// True when next() has something to say: cheap.
  [[nodiscard]] bool has_new() const;

  /// kNotFound: a topic was closed. Looks at kMessagesACall messages at most.
  [[nodiscard]] Result<News> next();

 private:
  static constexpr int64_t kMessagesACall = 20'000;
  struct Topic {
    std::string name;
    std::shared_ptr<store::TopicStore> store;
    std::map<PartitionId, Offset> positions;  ///< everything below is done
    size_t turn = 0;                          ///< the partition (by index) to begin with, so that none starves
  };

  [[nodiscard]] bool asks_for(PartitionId partition) const;
  void read_topic(Topic& topic, int64_t& budget, News& news);
  /// Goes through [from, end) until budget or room is used up; where it stopped.
  Offset read_range(const Topic& topic, const store::TopicView& view, PartitionId partition, Offset from, Offset end,
                    int64_t& budget, News& news);

  const store::Store& store_;
  const SearchRequest request_;
  Matcher matcher_;
  std::vector<Topic> topics_;
};

}  // namespace kseek::query
