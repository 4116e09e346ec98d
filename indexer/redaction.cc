#include "indexer/redaction.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/glob.h"
#include "base/redacted.h"
#include "indexer/json_values.h"
#include "tokenizer/json_path.h"
#include "tokenizer/json_text.h"
#include "tokenizer/text.h"

namespace kseek::indexer {
namespace {

using tokenizer::JsonPath;

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < ' ') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// Bytes before the JSON that serializers of schema registries write: a zero and a number of four bytes.
size_t framing_bytes(std::string_view text) {
  constexpr size_t kFraming = 5;
  return text.size() > kFraming && text.front() == '\0' ? kFraming : 0;
}

re2::StringPiece piece(std::string_view text) { return text.empty() ? "" : re2::StringPiece(text.data(), text.size()); }

}  // namespace

std::string name_of(const RedactionRule& rule) {
  const std::string kind = !rule.field.empty()    ? "field " + rule.field
                           : !rule.header.empty() ? "header " + rule.header
                                                  : "a regular expression";
  return fmt::format("{} of {}", kind, fmt::join(rule.topics, ", "));
}

Unreadable unreadable_in(store::Require require) {
  switch (require) {
    case store::Require::kJson: return Unreadable::kNoJsonValue;
    case store::Require::kUtf8: return Unreadable::kNoUtf8Value;
    case store::Require::kAnything: break;
  }
  return Unreadable::kAsRulesSay;
}

struct Redactor::Rule {
  RedactionRule asked;
  JsonPath path;
  std::unique_ptr<const RE2> regex;
  std::string replacement;  ///< as it is put in

  [[nodiscard]] bool is_of(std::string_view topic) const {
    return std::any_of(asked.topics.begin(), asked.topics.end(),
                       [&](const std::string& pattern) { return matches_glob(pattern, topic); });
  }
  /// The text as it is to be; nullopt: as it is. `replace`: what a field's rule can't read is replaced in any case.
  [[nodiscard]] std::optional<std::string> applied(std::string_view text, bool replace) const {
    return regex ? without_matches(text) : without_values(text, replace);
  }

 private:
  [[nodiscard]] std::optional<std::string> without_matches(std::string_view text) const;
  [[nodiscard]] std::optional<std::string> without_values(std::string_view text, bool replace) const;
};

std::optional<std::string> Redactor::Rule::without_matches(std::string_view text) const {
  std::optional<std::string> out;
  size_t done = 0;
  re2::StringPiece match;
  for (size_t at = 0; at < text.size();) {
    if (!regex->Match(piece(text), at, text.size(), RE2::UNANCHORED, &match, 1)) break;
    const auto begin = static_cast<size_t>(match.data() - text.data());
    at = begin + std::max<size_t>(match.size(), 1);
    if (match.empty()) continue;
    if (!out) out.emplace();
    out->append(text.substr(done, begin - done)).append(replacement);
    done = at;
  }
  if (out) out->append(text.substr(done));
  return out;
}

std::optional<std::string> Redactor::Rule::without_values(std::string_view text, bool replace) const {
  const size_t framing = framing_bytes(text);
  const std::string_view json = text.substr(framing);
  if (!tokenizer::is_json_container(json)) {
    const bool replaced = (replace || asked.replace_not_json) && !text.empty();
    return replaced ? std::optional(asked.replacement) : std::nullopt;
  }
  const auto values = find_values(json, path);
  if (values.empty()) return std::nullopt;
  std::string out(text.substr(0, framing));
  size_t done = 0;
  for (const ByteRange& value : values) {
    out.append(json.substr(done, value.begin - done)).append(replacement);
    done = value.end;
  }
  return out.append(json.substr(done));
}

namespace {

Error wrong(size_t number, std::string_view what, std::string_view hint) {
  return {ErrorCode::kInvalid, fmt::format("redaction rule {}: {}", number, what), std::string(hint)};
}

Result<std::unique_ptr<const RE2>> compiled(const std::string& text, size_t number) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(16 << 20);
  auto regex = std::make_unique<const RE2>(text, options);
  if (!regex->ok()) return wrong(number, fmt::format("/{}/: {}", text, regex->error()), "the syntax is RE2's");
  if (RE2::FullMatch("", *regex)) {
    return wrong(number, fmt::format("/{}/ also finds empty text", text), "make it find one character at least");
  }
  return regex;
}

}  // namespace

Redactor::Redactor() = default;
Redactor::~Redactor() = default;

Result<std::shared_ptr<const Redactor>> Redactor::compile(const std::vector<RedactionRule>& rules) {
  std::shared_ptr<Redactor> redactor(new Redactor);
  for (const RedactionRule& asked : rules) {
    const size_t number = redactor->rules_.size() + 1;
    const int kinds = (asked.field.empty() ? 0 : 1) + (asked.regex.empty() ? 0 : 1) + (asked.header.empty() ? 0 : 1);
    if (asked.topics.empty()) return wrong(number, "it names no topics", "topics = [\"payments*\"]");
    if (kinds != 1) return wrong(number, "it needs one of field, regex and header", "write a rule for each");
    auto rule = std::make_unique<Rule>();
    rule->asked = asked;
    rule->replacement = asked.field.empty() ? asked.replacement : json_string(asked.replacement);
    const bool anywhere = asked.in_key || asked.in_value || asked.in_headers;
    if (!asked.field.empty()) {
      auto path = tokenizer::parse_json_path(asked.field);
      if (!path) return wrong(number, path.error().message, path.error().hint);
      if (asked.in_headers)
        return wrong(number, "a field is one of a key or a value", "name the header: header = \"x\"");
      rule->path = *std::move(path);
      rule->asked.in_value = asked.in_value || !anywhere;
    } else if (!asked.regex.empty()) {
      KSEEK_ASSIGN(rule->regex, compiled(asked.regex, number));
      if (!anywhere) rule->asked.in_key = rule->asked.in_value = rule->asked.in_headers = true;
    } else {
      if (asked.in_key || asked.in_value) return wrong(number, "a header is in the headers", "leave \"in\" out");
      rule->asked.header = in_small_letters(asked.header);
      rule->asked.in_headers = true;
    }
    redactor->rules_.push_back(std::move(rule));
    redactor->asked_.push_back(asked);
  }
  return std::shared_ptr<const Redactor>(std::move(redactor));
}

/// The rules of a topic, on their way over its messages.
class Redactor::Pass {
 public:
  Pass(std::vector<const Rule*> rules, Bytes& bytes, Unreadable unreadable)
      : rules_(std::move(rules)), bytes_(bytes), unreadable_(unreadable) {}

  /// True: it was changed.
  bool redact(MessageView& message) {
    std::string parts;
    const auto note = [&parts](bool changed, const char* part) {
      if (changed) parts += (parts.empty() ? "" : ",") + std::string(part);
    };
    note(redact_text(message.key, &RedactionRule::in_key), "key");
    note(redact_text(message.value, &RedactionRule::in_value), "value");
    std::string encoded;
    bool headers = false;
    for (Header header : message.headers) {
      headers = redact_header(header) || headers;
      append_header(encoded, header.name, header.value);
    }
    note(headers, "headers");
    if (parts.empty()) return false;
    if (!is_redacted(message)) append_header(encoded, kRedactedHeader, parts);
    message.headers = HeaderList(kept(std::move(encoded)));
    return true;
  }

 private:
  std::string_view kept(std::string text) { return bytes_.emplace_back(std::move(text)); }

  [[nodiscard]] bool replaces_unreadable(std::string_view text, bool is_value) const {
    switch (unreadable_) {
      case Unreadable::kAsRulesSay: return false;
      case Unreadable::kNoUtf8Value: return is_value && !tokenizer::is_utf8(text);
      case Unreadable::kNoJsonValue: return is_value;
      case Unreadable::kAny: break;
    }
    return true;
  }

  bool redact_text(std::optional<std::string_view>& text, bool RedactionRule::*where) {
    bool changed = false;
    for (const Rule* rule : rules_) {
      if (!text || !(rule->asked.*where)) continue;
      auto other = rule->applied(*text, replaces_unreadable(*text, where == &RedactionRule::in_value));
      if (!other || *other == *text) continue;
      text = kept(*std::move(other));
      changed = true;
    }
    return changed;
  }

  bool redact_header(Header& header) {
    if (header.name == kRedactedHeader) return false;
    const std::optional<std::string_view> before = header.value;
    for (const Rule* rule : rules_) {
      if (!header.value || !rule->asked.in_headers) continue;
      if (rule->regex == nullptr) {
        if (matches_glob(rule->asked.header, in_small_letters(header.name))) header.value = rule->replacement;
      } else if (auto other = rule->applied(*header.value, false)) {
        header.value = kept(*std::move(other));
      }
    }
    return header.value != before;
  }

  const std::vector<const Rule*> rules_;
  Bytes& bytes_;
  const Unreadable unreadable_;
};

size_t Redactor::redact(std::string_view topic, std::span<MessageView> messages, Bytes& bytes,
                        Unreadable unreadable) const {
  bytes.clear();
  std::vector<const Rule*> rules;
  for (const auto& rule : rules_) {
    if (rule->is_of(topic)) rules.push_back(rule.get());
  }
  if (rules.empty()) return 0;
  Pass pass(std::move(rules), bytes, unreadable);
  size_t count = 0;
  for (MessageView& message : messages) {
    if (pass.redact(message)) ++count;
  }
  return count;
}

}  // namespace kseek::indexer
