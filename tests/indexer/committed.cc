#include "tests/indexer/committed.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>

namespace kseek::testing {

std::map<int, int64_t> committed_offsets(const std::string& brokers, const std::string& group, const std::string& topic,
                                         int partitions) {
  std::array<char, 256> error{};
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), error.data(), error.size());
  rd_kafka_conf_set(conf, "group.id", group.c_str(), error.data(), error.size());
  const std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)> client(
      rd_kafka_new(RD_KAFKA_CONSUMER, conf, error.data(), error.size()), rd_kafka_destroy);
  EXPECT_NE(client, nullptr) << error.data();
  const std::unique_ptr<rd_kafka_topic_partition_list_t, void (*)(rd_kafka_topic_partition_list_t*)> list(
      rd_kafka_topic_partition_list_new(partitions), rd_kafka_topic_partition_list_destroy);
  for (int p = 0; p < partitions; ++p) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), p);
  constexpr int kTimeoutMs = 10'000;
  const auto answer = rd_kafka_committed(client.get(), list.get(), kTimeoutMs);
  EXPECT_EQ(answer, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2str(answer);
  std::map<int, int64_t> committed;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = list->elems[i];
    if (each.offset >= 0) committed[each.partition] = each.offset;
  }
  return committed;
}

}  // namespace kseek::testing
