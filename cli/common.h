// What every command uses: exit codes, errors for people, the --server option, directories to read.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/server_choice.h"
#include "store/store.h"

namespace kseek::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadUsage = 2;

/// Prints the error and the next step to stderr; kBadUsage for kInvalid (what was typed is wrong), else kFailed.
int fail(const Error& error);
/// The same, always kFailed: for what is wrong with the world, whatever its code.
int fail_for_good(const Error& error);

/// Opens a data directory to read. Never kInvalid: that is for what was typed.
[[nodiscard]] Result<std::unique_ptr<store::Store>> open_to_read(const std::string& data_dir);

/// The topic of a directory that was opened. kNotFound: it has none of that name.
[[nodiscard]] Result<std::shared_ptr<store::TopicStore>> find_topic(const store::Store& store,
                                                                    const std::string& data_dir,
                                                                    const std::string& topic);

/// Adds a line to the "Examples:" at the end of the command's help.
void add_example(CLI::App& command, const std::string& example);

/// Writes all of it to stdout and flushes. False (and a message) when it can't, for instance on a full disk.
[[nodiscard]] bool print_all(std::string_view text);

}  // namespace kseek::cli
