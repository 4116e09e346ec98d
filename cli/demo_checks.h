// The demo's example searches, and whether their answers are right: compared with what was produced, id by id.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cli/demo_data.h"
#include "cli/http_client.h"
#include "server/http_types.h"

namespace kseek::cli {

/// What the generator produced: each topic's history, and the offset that each message got.
struct DemoHistory {
  struct Entry {
    DemoMessage message;
    Offset offset;
  };
  std::vector<std::vector<Entry>> topics;  ///< as kDemoTopics, in order of time
};

struct Example {
  std::string title;
  std::string command;  ///< as a person would type it
  std::vector<server::Parameter> parameters;
  size_t topic = 0;
  std::function<bool(const DemoHistory::Entry&)> matches;  ///< by plain text search in what was produced
};

[[nodiscard]] std::vector<Example> example_searches(const DemoHistory& history);

struct ExampleOutcome {
  std::string first_answer;  ///< JSON, the newest ten
  size_t expected = 0;       ///< messages that match
  double took_ms = 0;        ///< of the first answer
};

/// Asks, follows the cursor to the end (or to 500 hits), and compares every hit's partition and offset, in order.
/// kInternal says what differs.
[[nodiscard]] Result<ExampleOutcome> check_example(HttpClient& client, const Example& example,
                                                   const DemoHistory& history);

}  // namespace kseek::cli
