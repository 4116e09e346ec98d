#include "cli/answer_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "cli/terminal.h"
#include "cli/text_table.h"

namespace kseek::cli {
namespace {

using Json = nlohmann::json;

constexpr const char* kMarkOn = "\x1b[1;4m";
constexpr const char* kMarkOff = "\x1b[0m";

struct Mark {
  size_t begin = 0;  ///< bytes of the shown text
  size_t end = 0;
};

/// A key or value as it is shown, or the part of it around a match that lies behind what is shown.
struct ShownPart {
  const Json& text;
  std::vector<Mark> marks;
  bool cut_before = false;
};

ShownPart part_of(const Json& hit, const char* part) {
  if (const auto snippet = hit.find("snippet"); snippet != hit.end() && snippet->at("in") == part) {
    ShownPart shown{snippet->at("text"), {}, snippet->at("at") > 0};
    for (const Json& matched : snippet->at("matched")) shown.marks.push_back({matched.at("begin"), matched.at("end")});
    return shown;
  }
  ShownPart shown{hit.at(part), {}, false};
  for (const Json& matched : hit.value("matched", Json::array())) {
    if (matched.at("in") == part) shown.marks.push_back({matched.at("begin"), matched.at("end")});
  }
  return shown;
}

bool is_marked(const std::vector<Mark>& marks, size_t at) {
  return std::any_of(marks.begin(), marks.end(), [at](const Mark& m) { return at >= m.begin && at < m.end; });
}

/// The first glyph to show so that the first match is in sight.
size_t window_start(const std::vector<Glyph>& glyphs, const std::vector<Mark>& marks, int columns) {
  if (marks.empty()) return 0;
  int before = 0;
  size_t first = 0;
  while (first < glyphs.size() && glyphs[first].origin < marks.front().begin) before += glyphs[first++].columns;
  int length = 0;
  for (size_t i = first; i < glyphs.size() && glyphs[i].origin < marks.front().end; ++i) length += glyphs[i].columns;
  if (before + length + 1 <= columns) return 0;
  int context = 0;
  while (first > 0 && context + glyphs[first - 1].columns < columns / 3) context += glyphs[--first].columns;
  return first;
}

/// A key or value in at most `columns`, around its first match.
std::string text_cell(const ShownPart& part, int columns, bool pad, bool mark) {
  if (part.text.is_null()) return fit("(null)", columns, pad);
  const auto glyphs = glyphs_of(part.text.get_ref<const std::string&>());
  int total = part.cut_before ? 1 : 0;
  for (const Glyph& glyph : glyphs) total += glyph.columns;
  size_t i = total > columns ? window_start(glyphs, part.marks, columns - (part.cut_before ? 1 : 0)) : 0;
  const bool cut_before = i > 0 || part.cut_before;
  std::string out = cut_before ? "…" : "";
  int used = cut_before ? 1 : 0;
  bool on = false;
  int left = 0;
  for (size_t k = i; k < glyphs.size(); ++k) left += glyphs[k].columns;
  const int room = columns - (used + left > columns ? 1 : 0);
  for (; i < glyphs.size() && used + glyphs[i].columns <= room; ++i) {
    const bool now = mark && is_marked(part.marks, glyphs[i].origin);
    if (now != on) out += now ? kMarkOn : kMarkOff;
    on = now;
    out += glyphs[i].bytes;
    used += glyphs[i].columns;
  }
  if (on) out += kMarkOff;
  if (i < glyphs.size() && used < columns) {
    out += "…";
    ++used;
  }
  if (pad && used < columns) out.append(static_cast<size_t>(columns - used), ' ');
  return out;
}

struct Column {
  std::string title;
  std::vector<std::string> cells;
  [[nodiscard]] int width() const {
    int widest = columns_of(title);
    for (const std::string& cell : cells) widest = std::max(widest, columns_of(cell));
    return widest;
  }
};

std::string time_cell(const Json& hit) {
  return hit.at("timestamp").is_null() ? "(no time)" : hit.at("timestamp").get<std::string>();
}

/// Time, topic (when there are several), partition and offset, at their natural widths.
std::vector<Column> place_columns(const Json& hits) {
  std::set<std::string> topics;
  for (const Json& hit : hits) topics.insert(hit.at("topic").get<std::string>());
  std::vector<Column> columns{{"TIME", {}}, {"TOPIC", {}}, {"PART", {}}, {"OFFSET", {}}};
  for (const Json& hit : hits) {
    columns[0].cells.push_back(time_cell(hit));
    columns[1].cells.push_back(hit.at("topic").get<std::string>());
    columns[2].cells.push_back(std::to_string(hit.at("partition").get<int64_t>()));
    columns[3].cells.push_back(std::to_string(hit.at("offset").get<int64_t>()));
  }
  if (topics.size() < 2) columns.erase(columns.begin() + 1);
  return columns;
}

std::string hits_table(const Json& hits, const TableStyle& style) {
  const std::vector<Column> places = place_columns(hits);
  int used = 0;
  std::string head;
  for (const Column& column : places) {
    used += column.width() + 2;
    head += fit(column.title, column.width(), true) + "  ";
  }
  Column keys{"KEY", {}};
  for (const Json& hit : hits) {
    keys.cells.push_back(hit.at("key").is_null() ? "(null)" : hit.at("key").get<std::string>());
  }
  const int left = std::max(style.columns - used, 24);
  const int key_columns = std::clamp(keys.width(), 3, std::max(left / 3, 8));
  const int value_columns = std::max(left - key_columns - 2, 8);
  std::string out = head + fit("KEY", key_columns, true) + "  VALUE\n";
  for (size_t row = 0; row < hits.size(); ++row) {
    const Json& hit = hits[row];
    for (const Column& column : places) out += fit(column.cells[row], column.width(), true) + "  ";
    out += text_cell(part_of(hit, "key"), key_columns, true, style.mark) + "  ";
    out += text_cell(part_of(hit, "value"), value_columns, false, style.mark) + "\n";
  }
  return out;
}

/// "3 hits in 1.2 ms; 4 partitions, lag 0; complete", and why it isn't.
std::string certainty(const Json& answer, size_t count, const char* one, const char* many) {
  uint64_t lag = 0;
  for (const Json& row : answer.at("coverage")) lag += row.at("lag").is_null() ? 0 : row.at("lag").get<uint64_t>();
  const size_t partitions = answer.at("coverage").size();
  std::string out = fmt::format("{} {} in {}; {} {}, lag {}; {}\n", count, count == 1 ? one : many,
                                milliseconds_text(answer.at("took_ms").get<double>()), partitions,
                                partitions == 1 ? "partition" : "partitions", lag,
                                answer.at("complete").get<bool>() ? "complete" : "NOT COMPLETE");
  if (answer.contains("incomplete_because")) {
    for (const Json& reason : answer.at("incomplete_because")) {
      out += fmt::format("not complete: {}\n", fit(reason.get<std::string>(), 1000, false));
    }
  }
  return out;
}

std::string cursor_line(const Json& answer) {
  if (!answer.at("more").get<bool>() || !answer.at("cursor").is_string()) return "";
  return fmt::format("more: --cursor {}\n", answer.at("cursor").get<std::string>());
}

std::string position_lines(const Json& answer) {
  std::string out;
  for (const Json& note : answer.at("notes")) out += fit(note.get<std::string>(), 1000, false) + "\n";
  for (const Json& gap : answer.at("gaps")) {
    const auto first = gap.at("first").get<int64_t>();
    const auto last = gap.at("last").get<int64_t>();
    out += first == last ? fmt::format("no message has offset {}\n", first)
                         : fmt::format("no message has offsets {} to {}\n", first, last);
  }
  if (answer.at("next_offset").is_null()) return out + cursor_line(answer);
  return out + fmt::format("{}: --offset {}\n", answer.at("more").get<bool>() ? "more" : "what comes next",
                           answer.at("next_offset").get<int64_t>());
}

/// `make` from the answer's JSON.
template <class Make>
Result<std::string> from_json(std::string_view json, const char* whose, Make&& make) {
  try {
    return make(Json::parse(json));
  } catch (const Json::exception& e) {
    return Error{ErrorCode::kInternal, fmt::format("the answer is not {}: {}", whose, e.what()),
                 "is the server of the same version? kseek --version"};
  }
}

std::string plan_lines(const Json& explain) {
  std::string out = fmt::format("blocks {}, by metadata -{}", explain.at("blocks_total").get<uint64_t>(),
                                explain.at("pruned_by_metadata").get<uint64_t>());
  for (const Json& step : explain.at("steps")) {
    out += fmt::format(", {} leaves {}", fit(step.at("condition").get<std::string>(), 200, false),
                       step.at("blocks_left").get<uint64_t>());
    const auto apart = step.value("without_pairs", uint64_t{0});
    if (apart > 0) out += fmt::format(" (its words stand apart in {} more)", apart);
  }
  const auto number = [&explain](const char* name) { return explain.at(name).get<uint64_t>(); };
  const auto ms = [&explain](const char* name) { return milliseconds_text(explain.at(name).get<double>()); };
  out += fmt::format("; {} candidates", number("candidates"));
  if (number("blocks_not_asked") > 0) out += fmt::format(", {} blocks not asked about", number("blocks_not_asked"));
  out += fmt::format("\nopened {} and {} in memory", number("blocks_opened"), number("memory_blocks_scanned"));
  if (number("blocks_unneeded") > 0) out += fmt::format(", {} ahead in vain", number("blocks_unneeded"));
  out += fmt::format("; {} messages verified; {} bytes read, a full scan reads {}\n", number("messages_verified"),
                     number("bytes_read"), number("full_scan_bytes"));
  out += fmt::format("plan {}, read {}, verify {}\n", ms("plan_ms"), ms("read_ms"), ms("verify_ms"));
  for (const Json& note : explain.at("notes"))
    out += fmt::format("note: {}\n", fit(note.get<std::string>(), 300, false));
  return out;
}

}  // namespace

Result<std::string> answer_table(std::string_view json, const TableStyle& style) {
  return from_json(json, "a search's", [&](const Json& answer) {
    const Json& hits = answer.at("hits");
    std::string out = hits.empty() ? "" : hits_table(hits, style);
    out += certainty(answer, hits.size(), "hit", "hits") + cursor_line(answer);
    if (answer.contains("explain")) out += plan_lines(answer.at("explain"));
    return out;
  });
}

std::string hit_line(std::string_view json, const TableStyle& style) {
  constexpr int kTopicColumns = 16;
  constexpr int kKeyColumns = 20;
  const auto line = from_json(json, "a hit's", [&](const Json& hit) {
    const std::string place = fmt::format("{}  {}  {:>3}  {:>10}  ", fit(time_cell(hit), 24, true),
                                          fit(hit.at("topic").get<std::string>(), kTopicColumns, true),
                                          hit.at("partition").get<int64_t>(), hit.at("offset").get<int64_t>());
    const int left = std::max(style.columns - columns_of(place) - kKeyColumns - 2, 8);
    return Result<std::string>(place + text_cell(part_of(hit, "key"), kKeyColumns, true, style.mark) + "  " +
                               text_cell(part_of(hit, "value"), left, false, style.mark) + "\n");
  });
  return line ? *line : describe(line.error()) + "\n";
}

Result<std::string> messages_table(std::string_view json, const TableStyle& style) {
  return from_json(json, "messages", [&](const Json& answer) {
    const Json& messages = answer.at("messages");
    std::string out = messages.empty() ? "" : hits_table(messages, style);
    return out + certainty(answer, messages.size(), "message", "messages") + position_lines(answer);
  });
}

}  // namespace kseek::cli
