#include "tests/kafka/kafka_test.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "query/condition.h"

namespace kseek::kafka_test {
namespace {

struct Shared {
  indexer::TempDir certificates;
  Result<std::unique_ptr<BrokerProcess>> broker = Error{ErrorCode::kUnavailable, "not started", ""};
  bool tried = false;
};

Shared& shared() {
  static Shared the_one;
  return the_one;
}

bool in_ci() {
  const char* ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

/// Ends the broker, and has the last word when there was none (ctest knows the line: skipped).
class Closing final : public ::testing::Environment {
 public:
  void TearDown() override {
    Shared& all = shared();
    if (all.tried && !all.broker && !in_ci()) {
      std::printf("KAFKA TESTS NOT RUN: %s\n", all.broker.error().message.c_str());
    }
    if (all.broker) all.broker->reset();
  }
};

const auto* const kClosing = ::testing::AddGlobalTestEnvironment(new Closing());  // NOLINT: gtest owns it

}  // namespace

std::filesystem::path shared_certificate() { return shared().certificates.path() / "certificate.pem"; }

namespace {

/// PLAINTEXT for most tests; beside it SASL over TLS, user "kseek" with password "secret", by either mechanism.
Result<BrokerSettings> shared_settings(const std::filesystem::path& dir) {
  const std::string key = (dir / "key.pem").string();
  const std::string certificate = shared_certificate().string();
  const std::string both = (dir / "both.pem").string();
  const std::string command =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
      "-keyout '" +
      key + "' -out '" + certificate + "' >/dev/null 2>&1 && cat '" + key + "' '" + certificate + "' >'" + both + "'";
  if (std::system(command.c_str()) != 0) {  // NOLINT: one thread
    return Error{ErrorCode::kUnavailable, "openssl can't make a certificate: scripts/setup.sh installs it", ""};
  }
  BrokerSettings settings;
  settings.secure_protocol = "SASL_SSL";
  settings.properties = {
      "ssl.keystore.type=PEM", "ssl.keystore.location=" + both, "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256",
      "listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required "
      "user_kseek=\"secret\";",
      "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config="
      "org.apache.kafka.common.security.scram.ScramLoginModule required;"};
  settings.format_arguments = {"--add-scram", "SCRAM-SHA-256=[name=kseek,password=secret]"};
  return settings;
}

Result<std::unique_ptr<BrokerProcess>> start_shared(const std::filesystem::path& certificates) {
  KSEEK_ASSIGN(const std::filesystem::path kafka, find_kafka());
  KSEEK_ASSIGN(const BrokerSettings settings, shared_settings(certificates));
  return BrokerProcess::start(kafka, settings);
}

}  // namespace

const Result<std::unique_ptr<BrokerProcess>>& shared_broker() {
  Shared& all = shared();
  if (!std::exchange(all.tried, true)) all.broker = start_shared(all.certificates.path());
  return all.broker;
}

std::vector<std::string> Answer::values() const {
  std::vector<std::string> all;
  for (const Found& hit : hits) all.push_back(hit.value.value_or("(null)"));
  return all;
}

std::vector<int64_t> Answer::offsets() const {
  std::vector<int64_t> all;
  for (const Found& hit : hits) all.push_back(hit.offset);
  return all;
}

void KafkaTest::SetUp() {
  const auto& shared_one = shared_broker();
  if (!shared_one) {
    ASSERT_FALSE(in_ci()) << "no Kafka to test against: " << shared_one.error().message;
    GTEST_SKIP() << "no Kafka to test against: " << shared_one.error().message;
  }
  broker = shared_one->get();
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  topic = std::string(info->test_suite_name()) + "." + info->name();
  auto connected = Admin::connect(broker->address());
  ASSERT_OK(connected);
  admin = *std::move(connected);
  renew_producer();
  options.brokers = broker->address();
  options.workers = 2;
  options.watermark_interval = milliseconds(100);
  options.metadata_interval = milliseconds(300);
  store_options.blocks.max_messages = 64;
}

void KafkaTest::start() {
  auto opened = store::Store::open(dir.path() / "data", store::OpenMode::kOwner, store_options);
  ASSERT_OK(opened);
  store = *std::move(opened);
  auto started = indexer::Indexer::start(*store, options);
  ASSERT_OK(started);
  indexer = *std::move(started);
}

void KafkaTest::stop() {
  indexer.reset();
  store.reset();
}

void KafkaTest::create_topic(const std::string& name, int partitions, const Settings& settings) {
  ASSERT_OK(admin->create_topic(name, partitions, settings));
}

void KafkaTest::open(const std::string& from) const {
  indexer::OpenRequest request;
  request.topic = topic;
  request.from = from;
  ASSERT_OK(indexer->open_topic(request));
}

void KafkaTest::renew_producer(const Settings& kafka) {
  auto made = indexer::Producer::create(broker->address(), kafka);
  ASSERT_OK(made);
  producer = *std::move(made);
}

int64_t KafkaTest::send(const OutgoingMessage& message) const {
  const auto sent = producer->send(message, kPatience);
  EXPECT_TRUE(sent) << describe(sent.error());
  return sent ? sent->offset.value : -1;
}

void KafkaTest::send_many(int count, const std::string& prefix, const std::string& filler) const {
  for (int i = 0; i < count; ++i) {
    ASSERT_OK(producer->enqueue(message_of(topic, 0, prefix + std::to_string(i) + filler)));
  }
  ASSERT_OK(producer->flush(kPatience));
}

void KafkaTest::wait_caught_up() const { ASSERT_OK(indexer->wait_caught_up(topic, kPatience)); }

indexer::TopicStatus KafkaTest::status() const {
  const auto found = indexer->status(topic);
  EXPECT_TRUE(found) << describe(found.error());
  return found ? *found : indexer::TopicStatus{};
}

Answer KafkaTest::search(const std::string& text) const {
  query::SearchRequest request;
  request.topics = {topic};
  request.order = query::Order::kOldest;
  if (!text.empty()) {
    auto where = query::parse_text_condition(query::Scope::kKeyOrValue, text);
    EXPECT_TRUE(where) << describe(where.error());
    if (where) request.where = *std::move(where);
  }
  Answer answer;
  do {
    const auto page = query::search(*store, request);
    if (!page) {
      ADD_FAILURE() << describe(page.error());
      answer.complete = false;
      break;
    }
    for (const query::Hit& hit : page->hits) answer.hits.push_back(indexer::found_of(hit.message()));
    if (request.cursor.empty()) answer.coverage = page->coverage;
    answer.complete = answer.complete && page->complete;
    for (const std::string& reason : page->incomplete_because) answer.why_not += reason + "; ";
    request.cursor = page->cursor;
  } while (!request.cursor.empty());
  return answer;
}

void KafkaTest::expect_found(const std::vector<std::string>& values) const {
  Answer last;
  const bool found = eventually([&] {
    last = search();
    return last.complete && last.values() == values;
  });
  EXPECT_TRUE(found) << "complete: " << last.complete << " (" << last.why_not << "), state "
                     << indexer::to_string(status().state) << ": " << status().reason;
  EXPECT_EQ(last.values(), values);
}

std::vector<std::string> numbered(int count, const std::string& prefix) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) all.push_back(prefix + std::to_string(i));
  return all;
}

}  // namespace kseek::kafka_test
