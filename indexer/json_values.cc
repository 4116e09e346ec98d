#include "indexer/json_values.h"

#include <algorithm>
#include <string>

#include "tokenizer/json_text.h"

namespace kseek::indexer {
namespace {

using tokenizer::JsonPath;

/// Walks a valid text; recurses once a step of the path.
class Walk {
 public:
  Walk(std::string_view json, const JsonPath& path, std::vector<ByteRange>& found)
      : json_(json), path_(path), found_(found) {}

  /// Moves behind the value at at_.
  void value(size_t step) {
    skip_space();
    if (step == path_.steps.size()) return take_value();
    const JsonPath::Step& wanted = path_.steps[step];
    if (json_[at_] == '{' && wanted.kind == JsonPath::Step::Kind::kName) {
      object(wanted.name, step);
    } else if (json_[at_] == '[' && wanted.kind != JsonPath::Step::Kind::kName) {
      array(wanted, step);
    } else {
      skip_value();
    }
  }

 private:
  void object(const std::string& name, size_t step) {
    ++at_;
    for (skip_space(); json_[at_] != '}'; skip_comma()) {
      const std::string_view raw = string();
      skip_space();
      ++at_;  // the colon
      if (is_name(raw, name)) {
        value(step + 1);
      } else {
        skip_space();
        skip_value();
      }
    }
    ++at_;
  }

  void array(const JsonPath::Step& wanted, size_t step) {
    ++at_;
    uint64_t index = 0;
    for (skip_space(); json_[at_] != ']'; skip_comma(), ++index) {
      if (wanted.kind == JsonPath::Step::Kind::kAny || wanted.index == index) {
        value(step + 1);
      } else {
        skip_value();
      }
    }
    ++at_;
  }

  void take_value() {
    const size_t begin = at_;
    const bool null = json_[at_] == 'n';
    skip_value();
    if (!null) found_.push_back({begin, at_});
  }

  void skip_space() {
    while (at_ < json_.size() &&
           (json_[at_] == ' ' || json_[at_] == '\n' || json_[at_] == '\t' || json_[at_] == '\r')) {
      ++at_;
    }
  }

  void skip_comma() {
    skip_space();
    if (json_[at_] == ',') {
      ++at_;
      skip_space();
    }
  }

  /// What stands between the quotes; moves behind them.
  std::string_view string() {
    const size_t begin = ++at_;
    for (; json_[at_] != '"'; ++at_) {
      if (json_[at_] == '\\') ++at_;
    }
    return json_.substr(begin, at_++ - begin);
  }

  void skip_value() {
    if (json_[at_] == '"') {
      string();
    } else if (json_[at_] == '{' || json_[at_] == '[') {
      skip_container();
    } else {
      at_ = std::min(json_.find_first_of(",]} \t\r\n", at_), json_.size());
    }
  }

  void skip_container() {
    size_t depth = 0;
    do {
      at_ = json_.find_first_of("{}[]\"", at_);
      if (json_[at_] == '"') {
        string();
        continue;
      }
      depth += json_[at_] == '{' || json_[at_] == '[' ? 1 : size_t{0} - 1;
      ++at_;
    } while (depth > 0);
  }

  static bool is_name(std::string_view raw, const std::string& name) {
    if (raw.find('\\') == std::string_view::npos) return raw == name;
    std::string plain;
    tokenizer::append_unescaped("[\"" + std::string(raw) + "\"]", plain);
    return plain == "[\"" + name + "\"]";
  }

  std::string_view json_;
  const JsonPath& path_;
  std::vector<ByteRange>& found_;
  size_t at_ = 0;
};

}  // namespace

std::vector<ByteRange> find_values(std::string_view json, const JsonPath& path) {
  std::vector<ByteRange> found;
  Walk(json, path, found).value(0);
  return found;
}

}  // namespace kseek::indexer
