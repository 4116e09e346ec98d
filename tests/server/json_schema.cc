#include "tests/server/json_schema.h"

#include <algorithm>
#include <functional>
#include <map>
#include <regex>

namespace kseek::testing {
namespace {

using Json = nlohmann::json;

struct Check {
  const Json& document;
  const Json& schema;
  const Json& value;
  const std::string& at;
  std::vector<std::string>& wrong;

  void expect(bool fits, const std::string& what) const {
    if (!fits) wrong.push_back(at + ": " + what);
  }
  void below(const Json& part_schema, const Json& part, const std::string& name) const {
    const auto inner = misfits(document, part_schema, part, at + "/" + name);
    wrong.insert(wrong.end(), inner.begin(), inner.end());
  }
};

bool is_of_type(const Json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

void check_type(const Check& c, const Json& types) {
  const bool fits = types.is_array() ? std::any_of(types.begin(), types.end(),
                                                   [&](const Json& type) { return is_of_type(c.value, type); })
                                     : is_of_type(c.value, types);
  c.expect(fits, std::string("is ") + c.value.type_name() + ", not " + types.dump());
}

void check_properties(const Check& c, const Json& properties) {
  if (!c.value.is_object()) return;
  for (const auto& [name, schema] : properties.items()) {
    if (c.value.contains(name)) c.below(schema, c.value[name], name);
  }
}

void check_required(const Check& c, const Json& names) {
  if (!c.value.is_object()) return;
  for (const std::string name : names) c.expect(c.value.contains(name), "lacks \"" + name + "\"");
}

void check_additional(const Check& c, const Json& allowed) {
  if (!c.value.is_object() || allowed == true) return;
  for (const auto& member : c.value.items()) {
    c.expect(c.schema["properties"].contains(member.key()), "has \"" + member.key() + "\"");
  }
}

void check_items(const Check& c, const Json& schema) {
  if (!c.value.is_array()) return;
  for (size_t i = 0; i < c.value.size(); ++i) c.below(schema, c.value[i], std::to_string(i));
}

void check_any_of(const Check& c, const Json& schemas) {
  const bool fits = std::any_of(schemas.begin(), schemas.end(),
                                [&](const Json& schema) { return misfits(c.document, schema, c.value).empty(); });
  c.expect(fits, "fits none of anyOf");
}

void check_format(const Check& c, const Json& format) {
  static const std::regex time(R"(\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)");
  c.expect(format == "date-time", "unknown format " + format.dump());
  if (c.value.is_string()) c.expect(std::regex_match(c.value.get<std::string>(), time), c.value.dump() + " is no time");
}

void check_text(const Check& c, const std::string& keyword, const Json& limit) {
  if (!c.value.is_string()) return;
  const auto text = c.value.get<std::string>();
  if (keyword == "minLength") c.expect(text.size() >= limit.get<size_t>(), "is too short");
  if (keyword == "maxLength") c.expect(text.size() <= limit.get<size_t>(), "is too long");
  if (keyword == "pattern")
    c.expect(std::regex_search(text, std::regex(limit.get<std::string>())), "is not as " + limit.dump());
}

void check_number(const Check& c, const std::string& keyword, const Json& limit) {
  if (!c.value.is_number()) return;
  if (keyword == "minimum") c.expect(c.value >= limit, c.value.dump() + " is below " + limit.dump());
  if (keyword == "maximum") c.expect(c.value <= limit, c.value.dump() + " is above " + limit.dump());
  if (keyword == "exclusiveMinimum") c.expect(c.value > limit, c.value.dump() + " is not above " + limit.dump());
}

void check_keyword(const Check& c, const std::string& keyword, const Json& operand) {
  static const std::map<std::string, std::function<void(const Check&, const Json&)>> kKeywords{
      {"type", check_type},
      {"properties", check_properties},
      {"required", check_required},
      {"additionalProperties", check_additional},
      {"items", check_items},
      {"anyOf", check_any_of},
      {"format", check_format},
      {"enum",
       [](const Check& check, const Json& values) {
         check.expect(std::find(values.begin(), values.end(), check.value) != values.end(),
                      check.value.dump() + " is none of " + values.dump());
       }},
      {"maxItems", [](const Check& check, const Json& most) {
         check.expect(!check.value.is_array() || check.value.size() <= most.get<size_t>(), "has too many items");
       }}};
  if (keyword == "description" || keyword == "examples" || keyword == "default") return;
  if (keyword == "minLength" || keyword == "maxLength" || keyword == "pattern") return check_text(c, keyword, operand);
  if (keyword == "minimum" || keyword == "maximum" || keyword == "exclusiveMinimum") {
    return check_number(c, keyword, operand);
  }
  const auto known = kKeywords.find(keyword);
  if (known == kKeywords.end()) return c.expect(false, "unknown keyword \"" + keyword + "\"");
  known->second(c, operand);
}

}  // namespace

const Json& resolve(const Json& document, const Json& schema) {
  if (!schema.contains("$ref")) return schema;
  return resolve(document, document.at(Json::json_pointer(schema["$ref"].get<std::string>().substr(1))));
}

std::vector<std::string> misfits(const Json& document, const Json& schema, const Json& value, const std::string& at) {
  std::vector<std::string> wrong;
  const Json& meant = resolve(document, schema);
  const Check check{document, meant, value, at, wrong};
  for (const auto& [keyword, operand] : meant.items()) check_keyword(check, keyword, operand);
  return wrong;
}

}  // namespace kseek::testing
