// The commands of `kseek`, a file each. add_…() declares a command and its options; when the person chose it, its
// callback sets `run` to what is to be done.
#pragma once

#include <CLI/App.hpp>
#include <functional>

namespace kseek::cli {

/// Does the command's work; the exit code.
using Run = std::function<int()>;

void add_demo(CLI::App& app, Run& run);
void add_serve(CLI::App& app, Run& run);
void add_config(CLI::App& app, Run& run);
void add_completion(CLI::App& app, Run& run);
void add_man(CLI::App& app, Run& run);
void add_doctor(CLI::App& app, Run& run);
void add_health(CLI::App& app, Run& run);
void add_broker(CLI::App& app, Run& run);
void add_open(CLI::App& app, Run& run);
void add_close(CLI::App& app, Run& run);
void add_topics(CLI::App& app, Run& run);
void add_details(CLI::App& app, Run& run);
void add_progress(CLI::App& app, Run& run);
void add_pause(CLI::App& app, Run& run);
void add_resume(CLI::App& app, Run& run);
void add_retention(CLI::App& app, Run& run);
void add_groups(CLI::App& app, Run& run);
void add_search(CLI::App& app, Run& run);
void add_get(CLI::App& app, Run& run);
void add_messages(CLI::App& app, Run& run);
void add_send(CLI::App& app, Run& run);
void add_import(CLI::App& app, Run& run);
void add_reindex(CLI::App& app, Run& run);
void add_jobs(CLI::App& app, Run& run);
void add_dead_letters(CLI::App& app, Run& run);
void add_token(CLI::App& app, Run& run);

}  // namespace kseek::cli
