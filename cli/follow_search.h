// kseek search --follow: prints what a live tail of the server sends, oldest first, until it ends or a signal comes.
#pragma once

#include <string>

#include "cli/answer_table.h"
#include "cli/http_client.h"

namespace kseek::cli {

/// `question`: a search with follow=1. A line a hit: for people, or with `json` the hit as the server gives it. What
/// the answer lacks, and messages that were skipped, are said on stderr. The command's exit code.
[[nodiscard]] int follow_search(HttpClient& client, const Question& question, const TableStyle& style, bool json);

}  // namespace kseek::cli
