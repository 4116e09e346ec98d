// Cluster: which consumer groups read a topic, how far, and who in them.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "indexer/cluster.h"

namespace kseek::indexer {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
struct OptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
};
using Event = std::unique_ptr<rd_kafka_event_t, EventDeleter>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, OptionsDeleter>;

/// Questions about groups with one deadline; the answers are waited for.
class GroupQuestions {
 public:
  GroupQuestions(rd_kafka_t* client, milliseconds timeout)
      : client_(client), queue_(rd_kafka_queue_new(client)), deadline_(Clock::now() + timeout) {}

  Result<std::vector<std::string>> names() {
    rd_kafka_ListConsumerGroups(client_, options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS).get(), queue_.get());
    KSEEK_ASSIGN(const Event event, answer());
    size_t count = 0;
    const auto** valid =
        rd_kafka_ListConsumerGroups_result_valid(rd_kafka_event_ListConsumerGroups_result(event.get()), &count);
    std::vector<std::string> found;
    for (size_t i = 0; i < count; ++i) found.emplace_back(rd_kafka_ConsumerGroupListing_group_id(valid[i]));
    return found;
  }

  /// By group: the committed offsets of the topic's partitions. A group that can't be asked (no right to) is left out.
  Result<std::map<std::string, std::map<PartitionId, Offset>>> committed(const std::vector<std::string>& groups,
                                                                         const std::string& topic) {
    for (const std::string& group : groups) {
      auto* question = rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr);
      rd_kafka_ListConsumerGroupOffsets(client_, &question, 1,
                                        options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS).get(), queue_.get());
      rd_kafka_ListConsumerGroupOffsets_destroy(question);
    }
    std::map<std::string, std::map<PartitionId, Offset>> found;
    for (size_t left = groups.size(); left > 0; --left) {
      const auto event = answer();
      if (!event && event.error().code == ErrorCode::kTimeout) return event.error();
      if (!event) continue;
      size_t count = 0;
      const auto** answers = rd_kafka_ListConsumerGroupOffsets_result_groups(
          rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
      for (size_t i = 0; i < count; ++i) {
        const auto* partitions = rd_kafka_group_result_partitions(answers[i]);
        for (int p = 0; partitions != nullptr && p < partitions->cnt; ++p) {
          const auto& element = partitions->elems[p];
          if (topic != element.topic || element.offset < 0) continue;
          found[rd_kafka_group_result_name(answers[i])][PartitionId{element.partition}] = Offset{element.offset};
        }
      }
    }
    return found;
  }

  /// Rows for the partitions of the topic that members have, without offsets; each group's state in `states`.
  Result<std::vector<GroupRow>> members(const std::vector<std::string>& groups, const std::string& topic,
                                        std::map<std::string, std::string>& states) {
    std::vector<GroupRow> rows;
    if (groups.empty()) return rows;
    std::vector<const char*> names;
    names.reserve(groups.size());
    for (const std::string& group : groups) names.push_back(group.c_str());
    rd_kafka_DescribeConsumerGroups(client_, names.data(), names.size(),
                                    options(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS).get(), queue_.get());
    KSEEK_ASSIGN(const Event event, answer());
    size_t count = 0;
    const auto** described = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const std::string group = rd_kafka_ConsumerGroupDescription_group_id(described[i]);
      states[group] = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(described[i]));
      for (size_t m = 0; m < rd_kafka_ConsumerGroupDescription_member_count(described[i]); ++m) {
        add_member(group, *rd_kafka_ConsumerGroupDescription_member(described[i], m), topic, rows);
      }
    }
    return rows;
  }

 private:
  static void add_member(const std::string& group, const rd_kafka_MemberDescription_t& member, const std::string& topic,
                         std::vector<GroupRow>& rows) {
    const auto* assignment = rd_kafka_MemberDescription_assignment(&member);
    const auto* partitions = assignment == nullptr ? nullptr : rd_kafka_MemberAssignment_partitions(assignment);
    for (int p = 0; partitions != nullptr && p < partitions->cnt; ++p) {
      if (topic != partitions->elems[p].topic) continue;
      GroupRow& row = rows.emplace_back();
      row.group = group;
      row.member = rd_kafka_MemberDescription_consumer_id(&member);
      row.client = rd_kafka_MemberDescription_client_id(&member);
      row.host = rd_kafka_MemberDescription_host(&member);
      row.partition = {partitions->elems[p].partition};
    }
  }

  [[nodiscard]] int left_ms() const {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now()).count();
    return static_cast<int>(std::max<int64_t>(left, 1));
  }

  [[nodiscard]] Options options(rd_kafka_admin_op_t operation) const {
    Options made(rd_kafka_AdminOptions_new(client_, operation));
    char why[256];
    rd_kafka_AdminOptions_set_request_timeout(made.get(), left_ms(), why, sizeof(why));
    return made;
  }

  Result<Event> answer() {
    constexpr int kGraceMs = 500;  // the request's own time-out says more than ours
    Event event(rd_kafka_queue_poll(queue_.get(), left_ms() + kGraceMs));
    if (!event) return Error{ErrorCode::kTimeout, "no broker answered about the consumer groups", "try again"};
    const auto err = rd_kafka_event_error(event.get());
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(err, "asking for the consumer groups");
    return event;
  }

  rd_kafka_t* const client_;
  const std::unique_ptr<rd_kafka_queue_t, QueueDeleter> queue_;
  const Clock::time_point deadline_;
};

}  // namespace

Result<std::vector<GroupRow>> Cluster::groups(const std::string& topic, milliseconds timeout) {
  GroupQuestions questions(client_->get(), timeout);
  KSEEK_ASSIGN(const std::vector<std::string> names, questions.names());
  KSEEK_ASSIGN(const auto committed, questions.committed(names, topic));
  std::map<std::string, std::string> states;
  KSEEK_ASSIGN(std::vector<GroupRow> rows, questions.members(names, topic, states));
  std::set<std::pair<std::string, PartitionId>> with_member;
  for (GroupRow& row : rows) {
    with_member.emplace(row.group, row.partition);
    const auto group = committed.find(row.group);
    if (group == committed.end()) continue;
    if (const auto offset = group->second.find(row.partition); offset != group->second.end())
      row.offset = offset->second;
  }
  for (const auto& [group, offsets] : committed) {
    for (const auto& [partition, offset] : offsets) {
      if (with_member.contains({group, partition})) continue;
      GroupRow& row = rows.emplace_back();
      row.group = group;
      row.partition = partition;
      row.offset = offset;
    }
  }
  for (GroupRow& row : rows) row.state = states[row.group];
  std::sort(rows.begin(), rows.end(), [](const GroupRow& a, const GroupRow& b) {
    return std::tie(a.group, a.partition) < std::tie(b.group, b.partition);
  });
  return rows;
}

void add_lags(const store::TopicView& view, std::vector<GroupRow>& rows) {
  for (GroupRow& row : rows) {
    const auto known = std::find_if(view.partitions.begin(), view.partitions.end(),
                                    [&row](const auto& partition) { return partition.partition == row.partition; });
    if (known == view.partitions.end() || !known->end || !row.offset) continue;
    row.lag = std::max<int64_t>(known->end->value - row.offset->value, 0);
  }
}

}  // namespace kseek::indexer
