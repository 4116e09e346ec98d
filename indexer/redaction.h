// Redaction: what is taken out of messages before they are stored, by rules (docs/redaction.md). RE2 stays inside.
//
// A rule says where (topics; key, value, headers) and what: a field of JSON, what a regular expression finds, or the
// values of headers of a name. A message that was changed has one header more, kRedactedHeader (base/redacted.h).
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "base/result.h"
#include "store/topic_config.h"

namespace kseek::indexer {

/// Exactly one of `field`, `regex` and `header` is set.
struct RedactionRule {
  std::vector<std::string> topics;  ///< names or patterns with *
  std::string field = {};   ///< a path into JSON, as in queries: card.number, items[*].cvv. What it leads to, null
                            ///< aside, becomes the string `replacement`; everything else stays as it is, byte for byte
  std::string regex = {};   ///< RE2; each match becomes `replacement`, in the bytes as they were sent
  std::string header = {};  ///< a name or a pattern with *, in any case; their values become `replacement`
  std::string replacement = "***";
  // Where; none of them: of a field the value, of a regular expression everything.
  bool in_key = false;
  bool in_value = false;
  bool in_headers = false;
  bool replace_not_json = false;  ///< of a field: a text that is no JSON object or array becomes `replacement`, whole

  bool operator==(const RedactionRule&) const = default;
};

/// Names a rule for a log: "field card.number of payments*". Of a regular expression not the text: it may be a secret.
[[nodiscard]] std::string name_of(const RedactionRule& rule);

/// When a text that a field's rule can't read, as it is no JSON, becomes the rule's replacement.
enum class Unreadable : uint8_t {
  kAsRulesSay,
  kNoUtf8Value,  ///< also where it is a value that is not UTF-8
  kNoJsonValue,  ///< also where it is a value
  kAny,          ///< always
};
/// For messages that are taken into a topic: what it refuses is kept as a dead letter only, which needs no more of the
/// value than the reason.
[[nodiscard]] Unreadable unreadable_in(store::Require require);

/// Constant: any thread.
class Redactor {
 public:
  /// What redacted messages' views look into.
  using Bytes = std::deque<std::string>;

  /// kInvalid: a rule without topics, of no kind or of several; a wrong path or expression, one that finds empty text.
  /// The message says which rule, from 1 on.
  [[nodiscard]] static Result<std::shared_ptr<const Redactor>> compile(const std::vector<RedactionRule>& rules);
  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  /// Applies the topic's rules, in order. What was changed in `messages` looks into `bytes`, which is emptied first.
  /// How many were changed. Linear in the messages, for each rule.
  size_t redact(std::string_view topic, std::span<MessageView> messages, Bytes& bytes,
                Unreadable unreadable = Unreadable::kAsRulesSay) const;

  [[nodiscard]] const std::vector<RedactionRule>& rules() const { return asked_; }

 private:
  Redactor();
  struct Rule;
  class Pass;
  std::vector<RedactionRule> asked_;
  std::vector<std::unique_ptr<const Rule>> rules_;
};

}  // namespace kseek::indexer
