// Transactions: what was aborted, or isn't decided, is not there; gaps and control records are normal, and at the end
// of a partition they don't keep an answer from being complete.
#include "tests/kafka/kafka_test.h"

namespace kseek::kafka_test {
namespace {

class Transactions : public KafkaTest {
 protected:
  void SetUp() override {
    KafkaTest::SetUp();
    if (broker == nullptr) return;
    create(1);
    auto made = TransactionalProducer::create(broker->address(), topic);
    ASSERT_OK(made);
    transactions = *std::move(made);
  }

  void in_transaction(const std::vector<std::string>& values, bool commit) {
    ASSERT_OK(transactions->begin());
    ASSERT_OK(transactions->send(topic, 0, values));
    if (commit) {
      ASSERT_OK(transactions->commit());
    } else {
      ASSERT_OK(transactions->abort());
    }
  }

  /// The one partition is taken in to its end, control records included.
  void expect_at_the_end(int64_t end) {
    Answer last;
    EXPECT_TRUE(eventually([&] {
      last = search();
      if (!last.complete || last.coverage.size() != 1) return false;
      const auto& row = last.coverage.front();
      return row.indexed_to.value == end && row.end == Offset{end} && row.lag == 0;
    })) << last.why_not
        << " indexed to " << (last.coverage.empty() ? -1 : last.coverage.front().indexed_to.value);
    EXPECT_EQ(status().lag, 0U);
    EXPECT_TRUE(eventually([this] { return status().state == TopicState::kRunning; })) << status().reason;
  }

  std::unique_ptr<TransactionalProducer> transactions;
};

TEST_F(Transactions, AbortedMessagesNeverAppear) {
  start();
  open();
  in_transaction({"good one", "good two"}, true);  // offsets 0, 1; 2 is the commit
  in_transaction({"bad one", "bad two"}, false);   // 3, 4; 5 is the abort
  send("plain");                                   // 6
  in_transaction({"bad three"}, false);            // 7; 8 is the abort
  in_transaction({"good three"}, true);            // 9; 10 is the commit
  expect_found({"good one", "good two", "plain", "good three"});
  EXPECT_EQ(search().offsets(), (std::vector<int64_t>{0, 1, 6, 9}));
  EXPECT_TRUE(search("bad").hits.empty());
  EXPECT_EQ(search("good").hits.size(), 3U);
  expect_at_the_end(11);
}

TEST_F(Transactions, AnAbortedTransactionAtTheEndIsNoLag) {
  in_transaction({"good"}, true);
  in_transaction({"bad"}, false);
  start();
  open();
  wait_caught_up();
  expect_found({"good"});
  expect_at_the_end(4);
}

TEST_F(Transactions, OnlyAbortedMessages) {
  in_transaction({"bad"}, false);
  in_transaction({"worse"}, false);
  start();
  open();
  wait_caught_up();
  expect_found({});
  expect_at_the_end(4);
}

TEST_F(Transactions, AnOpenTransactionHidesWhatComesAfterItUntilItIsDecided) {
  start();
  open();
  send("before");  // 0
  ASSERT_OK(transactions->begin());
  ASSERT_OK(transactions->send(topic, 0, {"undecided"}));  // 1
  send("after");                                           // 2
  // Kafka's last stable offset is where the open transaction begins: up to there the answer is complete.
  expect_found({"before"});
  expect_at_the_end(1);
  EXPECT_EQ(admin->watermarks(topic, 0).high, 3);
  ASSERT_OK(transactions->commit());  // 3
  expect_found({"before", "undecided", "after"});
  expect_at_the_end(4);
}

TEST_F(Transactions, AnOpenTransactionThatIsAborted) {
  start();
  open();
  ASSERT_OK(transactions->begin());
  ASSERT_OK(transactions->send(topic, 0, {"undecided"}));
  send("after");
  expect_found({});
  ASSERT_OK(transactions->abort());
  expect_found({"after"});
  expect_at_the_end(3);
}

TEST_F(Transactions, ARestartBehindControlRecordsGoesOn) {
  start();
  open();
  in_transaction({"good"}, true);
  in_transaction({"bad"}, false);
  expect_at_the_end(4);
  stop();
  in_transaction({"better"}, true);
  in_transaction({"worse"}, false);
  start();
  expect_found({"good", "better"});
  expect_at_the_end(8);
  EXPECT_EQ(status().reason, "");
}

TEST_F(Transactions, FromTheNextMessageWhileATransactionIsOpen) {
  send("old");
  ASSERT_OK(transactions->begin());
  ASSERT_OK(transactions->send(topic, 0, {"undecided"}));
  start();
  open("latest");
  wait_caught_up();
  ASSERT_OK(transactions->commit());
  send("new");
  // Whatever was decided after opening is new.
  expect_found({"undecided", "new"});
}

}  // namespace
}  // namespace kseek::kafka_test
