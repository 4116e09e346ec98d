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
};

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
  size_t redact(std::string_view topic, std::span<MessageView> messages, Bytes& bytes) const;

 private:
  Redactor();
  struct Rule;
  class Pass;
  std::vector<std::unique_ptr<const Rule>> rules_;
};

}  // namespace kseek::indexer
