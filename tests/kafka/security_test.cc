// SASL over TLS, by librdkafka's properties as an operator gives them.
#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

class Security : public KafkaTest {
 protected:
  [[nodiscard]] static Settings secured(const std::string& mechanism, const std::string& password) {
    return {{"security.protocol", "SASL_SSL"},
            {"ssl.ca.location", shared_certificate().string()},
            {"sasl.mechanism", mechanism},
            {"sasl.username", "kseek"},
            {"sasl.password", password}};
  }
  void expect_works_by(const std::string& mechanism) {
    create(1);
    options.brokers = broker->secure_address();
    options.kafka = secured(mechanism, "secret");
    start();
    open();
    auto made = indexer::Producer::create(options.brokers, options.kafka);
    ASSERT_OK(made);
    producer = *std::move(made);
    send_many(20);
    expect_found(numbered(20));
    EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning; })) << status().reason;
  }
};

TEST_F(Security, Plain) { expect_works_by("PLAIN"); }

TEST_F(Security, Scram) { expect_works_by("SCRAM-SHA-256"); }

TEST_F(Security, AWrongPasswordIsAReasonAndNeverShown) {
  create(1);
  options.brokers = broker->secure_address();
  options.kafka = secured("PLAIN", "hunter2-not-it");
  start();
  open();  // nobody can be asked: it starts when that works
  EXPECT_TRUE(eventually([this] { return status().reason.find("uthentication") != std::string::npos; }))
      << status().reason;
  EXPECT_EQ(status().reason.find("hunter2"), std::string::npos);
  EXPECT_EQ(status().state, TopicState::kStarting);
  EXPECT_FALSE(search().complete);
}

}  // namespace
}  // namespace kseek::kafka_test
