#include "indexer/kafka_client.h"

#include <fmt/format.h>
#include <syslog.h>

#include <future>
#include <thread>

#include "indexer/kafka_properties.h"
#include "indexer/log.h"

namespace kseek::indexer {
namespace {

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

/// librdkafka says these again and again while a broker is away: the topics' states tell it once, in words.
bool is_noise(std::string_view facility) {
  return facility == "FAIL" || facility == "ERROR" || facility == "CONFWARN" || facility == "GETPID" ||
         facility == "TERMINATE";
}

void on_log(const rd_kafka_t* /*client*/, int level, const char* facility, const char* text) {
  auto ours = spdlog::level::debug;
  if (!is_noise(facility)) {
    if (level <= LOG_ERR) {
      ours = spdlog::level::err;
    } else if (level <= LOG_WARNING) {
      ours = spdlog::level::warn;
    }
  }
  log().log(ours, "librdkafka {}: {}", facility, text);
}

void on_error(rd_kafka_t* client, int err, const char* reason, void* opaque) {
  auto* diagnostics = static_cast<Diagnostics*>(opaque);
  if (err == RD_KAFKA_RESP_ERR__FATAL) {
    char text[512];
    const auto cause = rd_kafka_fatal_error(client, text, sizeof(text));
    log().error("Kafka client failed for good: {} ({})", text, rd_kafka_err2name(cause));
    diagnostics->set_last_error(text);
    return;
  }
  log().debug("Kafka client: {} ({})", reason, rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(err)));
  if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    diagnostics->count_outage();
  } else {
    diagnostics->set_last_error(reason);
  }
}

/// kNotFound: there is no such property; kInvalid: it can't have the value.
Result<void> set_property(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char why[512];
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof(why))) {
    case RD_KAFKA_CONF_OK: return {};
    case RD_KAFKA_CONF_UNKNOWN:
      return Error{ErrorCode::kNotFound, fmt::format("no such Kafka property: \"{}\"", name),
                   "use librdkafka's names (its CONFIGURATION.md lists them)"};
    case RD_KAFKA_CONF_INVALID: break;
  }
  // librdkafka's text may quote the value, and the value may be a secret.
  return Error{ErrorCode::kInvalid, fmt::format("Kafka property \"{}\" has a value it can't have", name),
               "see librdkafka's CONFIGURATION.md for its range"};
}

Error set_by_kseek(const std::string& name) {
  return {ErrorCode::kInvalid, fmt::format("Kafka property \"{}\" is set by kseek itself", name),
          "remove it from the configuration"};
}

/// As set_property(), always kInvalid.
Result<void> set_what_was_given(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  auto set = set_property(conf, name, value);
  if (set) return set;
  return Error{ErrorCode::kInvalid, set.error().message, set.error().hint};
}

Result<Conf> make_conf(const std::string& brokers, const Properties& defaults, const Properties& fixed,
                       const Properties& user) {
  Conf conf(rd_kafka_conf_new());
  for (const auto& [name, value] : defaults) KSEEK_TRY(set_property(conf.get(), name, value));
  for (const auto& [name, value] : user) {
    if (const auto it = fixed.find(name); it != fixed.end() && it->second != value) return set_by_kseek(name);
    KSEEK_TRY(set_what_was_given(conf.get(), name, value));
  }
  for (const auto& [name, value] : fixed) KSEEK_TRY(set_property(conf.get(), name, value));
  KSEEK_TRY(set_property(conf.get(), "bootstrap.servers", brokers));
  return conf;
}

ErrorCode code_of(rd_kafka_resp_err_t err) {
  switch (err) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT: return ErrorCode::kTimeout;
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: return ErrorCode::kTooLarge;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return ErrorCode::kNotFound;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED: return ErrorCode::kInvalid;
    default: return ErrorCode::kUnavailable;
  }
}

const char* hint_of(rd_kafka_resp_err_t err) {
  switch (code_of(err)) {
    case ErrorCode::kTimeout:
    case ErrorCode::kUnavailable: return "check the brokers' addresses and that they are up, then try again";
    case ErrorCode::kTooLarge: return "the broker's or the client's message.max.bytes is smaller than the message";
    case ErrorCode::kNotFound: return "check the name and the partition number";
    default: return "check the topic's name and what this user may do on the cluster";
  }
}

}  // namespace

const Properties& fixed_properties() {
  static const Properties kFixed{{"enable.auto.commit", "false"},
                                 {"enable.auto.offset.store", "false"},
                                 {"enable.partition.eof", "true"},
                                 {"auto.offset.reset", "error"}};
  return kFixed;
}

Result<void> check_kafka_property(const std::string& name, const std::string& value) {
  const auto fixed = fixed_properties().find(name);
  if (fixed != fixed_properties().end() && fixed->second != value) return set_by_kseek(name);
  if (name == "bootstrap.servers" || name == "metadata.broker.list") {
    return Error{ErrorCode::kInvalid, fmt::format("Kafka property \"{}\" is set by kseek itself", name),
                 "say where Kafka is with --brokers, or brokers in [indexer]"};
  }
  const Conf conf(rd_kafka_conf_new());
  return set_property(conf.get(), name, value);
}

PartitionList make_partition_list(size_t capacity) {
  return PartitionList(rd_kafka_topic_partition_list_new(static_cast<int>(capacity)));
}

void Diagnostics::set_last_error(std::string text) {
  const std::lock_guard lock(mu_);
  last_error_ = std::move(text);
}

std::string Diagnostics::last_error() const {
  const std::lock_guard lock(mu_);
  return last_error_;
}

Result<std::unique_ptr<Client>> Client::create(rd_kafka_type_t type, const std::string& brokers,
                                               const Properties& defaults, const Properties& fixed,
                                               const Properties& user,
                                               void (*on_delivery)(rd_kafka_t*, const rd_kafka_message_t*, void*)) {
  KSEEK_ASSIGN(Conf conf, make_conf(brokers, defaults, fixed, user));
  std::unique_ptr<Client> client(new Client());
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  rd_kafka_conf_set_opaque(conf.get(), &client->diagnostics_);
  if (on_delivery != nullptr) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  char why[512];
  client->handle_ = rd_kafka_new(type, conf.get(), why, sizeof(why));
  if (client->handle_ == nullptr) {
    return Error{ErrorCode::kInvalid, fmt::format("the Kafka client can't be set up: {}", why),
                 "check the Kafka properties in the configuration"};
  }
  static_cast<void>(conf.release());  // the instance owns it now
  return client;
}

Client::~Client() {
  if (handle_ != nullptr) rd_kafka_destroy(handle_);
}

std::string Client::cluster_id() const {
  char* const id = rd_kafka_clusterid(handle_, 0);
  if (id == nullptr) return {};
  std::string owned = id;
  rd_kafka_mem_free(handle_, id);
  return owned;
}

Result<std::string> Client::ask_cluster_id(const std::string& topic, std::chrono::milliseconds timeout) const {
  const TopicHandle handle(rd_kafka_topic_new(handle_, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto err = rd_kafka_metadata(handle_, 0, handle.get(), &raw, static_cast<int>(timeout.count()));
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(err, "asking the brokers for their cluster");
  const Metadata metadata(raw);
  return cluster_id();
}

void close_bounded(std::unique_ptr<Client> client, std::chrono::milliseconds wait) {
  std::promise<void> closed;
  const std::future<void> is_closed = closed.get_future();
  std::thread closer([moved = std::move(client), promise = std::move(closed)]() mutable {
    moved.reset();
    promise.set_value();
  });
  if (is_closed.wait_for(wait) == std::future_status::ready) {
    closer.join();
    return;
  }
  log().warn("a Kafka consumer doesn't close; leaving it behind");
  closer.detach();
}

Error kafka_error(rd_kafka_resp_err_t err, std::string_view what) {
  return {code_of(err), fmt::format("{}: {}", what, rd_kafka_err2str(err)), hint_of(err)};
}

bool is_transient(rd_kafka_resp_err_t err) {
  const ErrorCode code = code_of(err);
  return code == ErrorCode::kTimeout || code == ErrorCode::kUnavailable;
}

}  // namespace kseek::indexer
