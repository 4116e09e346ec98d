// A recursive-descent parser straight on the text, for there are no tokens that don't depend on where they stand:
//
//   query   = and { "OR" and }
//   and     = not { [ "AND" ] not }
//   not     = ( "NOT" | "-" ) not | primary
//   primary = [ field ":" ] ( "(" query ")" | operand )
#include "query/query_text.h"

#include <fmt/format.h>

#include "query/field_operand.h"
#include "query/query_scanner.h"

namespace kseek::query {
namespace {

/// What an operand without a field of its own is about: the field before the parentheses around it, or none.
struct Field {
  enum class Kind : uint8_t { kText, kJson } kind = Kind::kText;
  Target target;
  JsonPath path;
};

class Parser {
 public:
  Parser(std::string_view text, Timestamp now) : in_(text), now_(now) {}

  Result<Condition> parse() {
    in_.skip_space();
    if (in_.done())
      return in_.error(0, "the query is empty", "write a word, or leave the query out to find everything");
    KSEEK_ASSIGN(Condition condition, any(Field{}));
    if (!in_.done())
      return in_.error(in_.at(), "there is no ( for this )", "remove it, or write \\) for the character");
    return condition;
  }

 private:
  Result<Condition> any(const Field& field) {
    std::vector<Condition> children;
    do {
      KSEEK_ASSIGN(Condition child, all(field));
      children.push_back(std::move(child));
    } while (in_.accept_operator("OR"));
    return Condition::any_of(std::move(children));
  }

  Result<Condition> all(const Field& field) {
    std::vector<Condition> children;
    do {
      KSEEK_ASSIGN(Condition child, negated(field));
      children.push_back(std::move(child));
      in_.skip_space();
    } while (in_.accept_operator("AND") || !(in_.done() || in_.peek() == ')' || in_.at_operator("OR")));
    return Condition::all_of(std::move(children));
  }

  Result<Condition> negated(const Field& field) {
    const Nested nested(depth_);
    if (depth_ > kMaxQueryDepth) {
      return in_.error(in_.at(), "too many parentheses or NOTs inside each other",
                       fmt::format("at most {}", kMaxQueryDepth));
    }
    in_.skip_space();
    if (in_.accept_operator("NOT") || in_.accept_minus(field.kind == Field::Kind::kJson)) {
      KSEEK_ASSIGN(Condition child, negated(field));
      return Condition::none_of(std::move(child));
    }
    return primary(field);
  }

  Result<Condition> primary(const Field& outer) {
    if (++terms_ > kMaxQueryTerms)
      return in_.error(in_.at(), "the query has too many terms", fmt::format("at most {}", kMaxQueryTerms));
    if (in_.done() || in_.peek() == ')' || in_.at_operator("OR") || in_.at_operator("AND")) {
      return in_.error(in_.at(), fmt::format("a word, a phrase or a field is expected, not {}", in_.here()),
                       "to search for the word OR, AND or NOT itself write it in quotation marks");
    }
    const size_t at = in_.at();
    const auto name = in_.take_field_name();
    if (!name) return group_or_operand(outer);
    if (*name == "partition" || *name == "offset" || *name == "time") return position(*name, at);
    KSEEK_ASSIGN(const Field field, field_named(*name, at));
    in_.skip_space();
    if (in_.done())
      return in_.error(in_.at(), fmt::format("\"{}:\" has nothing to look for", *name),
                       "write a word, \"a phrase\" or /a regular expression/ after it");
    return group_or_operand(field);
  }

  Result<Condition> group_or_operand(const Field& field) {
    const size_t at = in_.at();
    if (in_.accept('(')) {
      KSEEK_ASSIGN(Condition inside, any(field));
      in_.skip_space();
      if (!in_.accept(')')) return in_.error(at, "this ( is not closed", "add ), or write \\( for the character");
      return inside;
    }
    KSEEK_ASSIGN(const Operand operand, in_.take_operand());
    return in_.located(at, field.kind == Field::Kind::kJson ? json_condition(field.path, operand)
                                                            : text_condition(field.target, operand));
  }

  Result<Field> field_named(std::string_view name, size_t at) {
    Field field;
    if (name == "key" || name == "value") {
      field.target.scope = name == "key" ? Scope::kKey : Scope::kValue;
    } else if (name == "header" || name.starts_with("header.")) {
      field.target.scope = Scope::kHeader;
      if (name != "header") field.target.header = unescape(name.substr(7));
      if (name == "header.")
        return in_.error(at, "the name of the header is missing", "write header.NAME:, or header: for any");
    } else if (name.starts_with("value.") || name.starts_with("value[")) {
      auto path = parse_json_path(name.substr(name[5] == '.' ? 6 : 5));
      if (!path) return in_.error(at, path.error().message, path.error().hint);
      field.kind = Field::Kind::kJson;
      field.path = *std::move(path);
    } else {
      return in_.error(
          at, fmt::format("there is no field \"{}\"", name),
          "fields are key, value, value.PATH, header, header.NAME, partition, offset and time; to search for "
          "the text itself put it in quotation marks or write \\:");
    }
    return field;
  }

  Result<Condition> position(std::string_view name, size_t at) {
    if (!in_.done() && in_.peek() == '(') {
      const char* instead = name == "partition" ? "write partition:0,3 or partition:0 OR partition:3"
                            : name == "offset"  ? "write offset:5..7 or offset:5 OR offset:7"
                                                : "write time:-1h.. without them, or time:A..B OR time:C..D";
      return in_.error(in_.at(), fmt::format("{}: takes no parentheses", name), instead);
    }
    const std::string text = in_.take_plain();
    if (name == "partition") {
      auto partitions = parse_partitions(text);
      if (!partitions) return in_.error(at, partitions.error().message, partitions.error().hint);
      return Condition::of_partitions(*std::move(partitions));
    }
    if (name == "offset") {
      auto offsets = parse_offset_range(text);
      if (!offsets) return in_.error(at, offsets.error().message, offsets.error().hint);
      return Condition::of_offsets(*offsets);
    }
    auto times = parse_time_range(text, now_);
    if (!times) return in_.error(at, times.error().message, times.error().hint);
    return Condition::of_times(*times);
  }

  /// Counts how deep the recursion is.
  class Nested {
   public:
    explicit Nested(size_t& depth) : depth_(depth) { ++depth_; }
    ~Nested() { --depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    size_t& depth_;
  };

  QueryScanner in_;
  const Timestamp now_;
  size_t depth_ = 0;
  size_t terms_ = 0;
};

}  // namespace

Result<Condition> parse_query(std::string_view text, Timestamp now) {
  if (text.size() > kMaxQueryBytes) {
    return Error{ErrorCode::kInvalid, fmt::format("the query is {} bytes long", text.size()),
                 fmt::format("at most {}", kMaxQueryBytes)};
  }
  return Parser(text, now).parse();
}

}  // namespace kseek::query
