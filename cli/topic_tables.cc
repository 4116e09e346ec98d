#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "cli/terminal.h"
#include "cli/text_table.h"
#include "cli/topic_tables.h"

namespace kseek::cli {
namespace {

using Json = nlohmann::ordered_json;

/// As wide as the terminal; whole where there is none.
std::string table(const Rows& rows) { return text_table(rows, table_columns()); }

std::string plain(const Json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string size_text(uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  if (bytes < 10'000'000'000) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

/// Calls `show` with the parsed JSON; an answer of another shape is an error.
template <class Show>
Result<std::string> shown(std::string_view json, Show&& show) {
  try {
    return show(Json::parse(json));
  } catch (const Json::exception& e) {
    return Error{ErrorCode::kInternal, fmt::format("the server's answer is not understood: {}", e.what()),
                 "is it of the same version? kseek --version"};
  }
}

}  // namespace

Result<std::string> topics_table(std::string_view json) {
  return shown(json, [](const Json& answer) {
    if (answer.at("topics").empty()) return std::string("No topic is opened. Open one with: kseek open TOPIC\n");
    Rows rows{{"TOPIC", "STATE", "MESSAGES", "LAG", "RAW", "ON DISK", "LABELS", "REASON"}};
    for (const Json& t : answer.at("topics")) {
      std::string labels;
      for (const Json& label : t.at("labels")) labels += (labels.empty() ? "" : ",") + label.get<std::string>();
      rows.push_back({plain(t.at("name")), plain(t.at("state")), plain(t.at("messages")), plain(t.at("lag")),
                      size_text(t.at("raw_bytes").get<uint64_t>()),
                      size_text(t.at("stored_bytes").get<uint64_t>() + t.at("index_bytes").get<uint64_t>()),
                      labels.empty() ? "-" : labels, plain(t.at("reason"))});
    }
    return table(rows);
  });
}

Result<std::string> progress_table(std::string_view json) {
  return shown(json, [](const Json& answer) {
    Rows rows{{"PARTITION", "LOW", "INDEXED TO", "END", "LAG", "MESSAGES", "DEAD LETTERS", "LAST MESSAGE"}};
    for (const Json& p : answer.at("partitions")) {
      rows.push_back({plain(p.at("partition")), plain(p.at("low")), plain(p.at("indexed_to")), plain(p.at("end")),
                      plain(p.at("lag")), plain(p.at("messages")), plain(p.at("dead_letters")),
                      plain(p.at("last_message_time"))});
    }
    std::string out = fmt::format("{}: {}", plain(answer.at("topic")), plain(answer.at("state")));
    if (!answer.at("reason").is_null()) out += fmt::format(" ({})", plain(answer.at("reason")));
    return out + "\n" + table(rows);
  });
}

Result<std::string> jobs_table(std::string_view json) {
  return shown(json, [](const Json& answer) {
    if (answer.at("jobs").empty()) return std::string("There are no jobs. Start one with: kseek reindex TOPIC\n");
    Rows rows{{"ID", "TOPIC", "SOURCE", "STATE", "MESSAGES", "OF", "RATE", "CREATED", "REASON"}};
    for (const Json& job : answer.at("jobs")) {
      const auto rate = job.at("bytes_per_second").get<uint64_t>();
      const Json& why = job.at("reason").is_null() ? job.at("note") : job.at("reason");
      rows.push_back({plain(job.at("id")), plain(job.at("topic")), plain(job.at("source")), plain(job.at("state")),
                      plain(job.at("messages_done")), plain(job.at("messages_total")),
                      rate == 0 ? "-" : size_text(rate) + "/s", plain(job.at("created")), plain(why)});
    }
    return table(rows);
  });
}

Result<std::string> groups_table(std::string_view json) {
  return shown(json, [](const Json& answer) {
    if (answer.at("groups").empty()) return fmt::format("No consumer group reads {}.\n", plain(answer.at("topic")));
    Rows rows{{"GROUP", "STATE", "PARTITION", "OFFSET", "LAG", "MEMBER", "CLIENT", "HOST"}};
    for (const Json& g : answer.at("groups")) {
      rows.push_back({plain(g.at("group")), plain(g.at("state")), plain(g.at("partition")), plain(g.at("offset")),
                      plain(g.at("lag")), plain(g.at("member")), plain(g.at("client")), plain(g.at("host"))});
    }
    return table(rows);
  });
}

Result<std::string> dead_letters_table(std::string_view json) {
  return shown(json, [](const Json& answer) {
    if (answer.at("dead_letters").empty()) return std::string("No dead letters.\n");
    Rows rows{{"PARTITION", "OFFSET", "TIME", "SIZE", "REASON", "BEGINS WITH"}};
    for (const Json& letter : answer.at("dead_letters")) {
      rows.push_back({plain(letter.at("partition")), plain(letter.at("offset")), plain(letter.at("time")),
                      size_text(letter.at("bytes").get<uint64_t>()), plain(letter.at("reason")),
                      fit(plain(letter.at("head")), 40, false)});
    }
    std::string text = table(rows);
    if (!answer.at("next").is_null()) text += fmt::format("More: --before {}\n", plain(answer.at("next")));
    return text;
  });
}

Result<std::string> member_lines(std::string_view json) {
  return shown(json, [](const Json& answer) {
    std::string out;
    for (const auto& member : answer.items()) {
      if (member.key() == "events") {
        for (const Json& event : member.value()) {
          out += fmt::format("{:<20} {}: {}\n", "event:", plain(event.at("time")), plain(event.at("text")));
        }
        continue;
      }
      out += fmt::format("{:<20} {}\n", member.key() + ":", fit(plain(member.value()), 400, false));
    }
    return out;
  });
}

}  // namespace kseek::cli
