#include "cli/common.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace kseek::cli {

int fail_for_good(const Error& error) {
  fmt::print(stderr, "kseek: {}\n", error.message);
  if (!error.hint.empty()) fmt::print(stderr, "       {}\n", error.hint);
  return kFailed;
}

int fail(const Error& error) {
  fail_for_good(error);
  return error.code == ErrorCode::kInvalid ? kBadUsage : kFailed;
}

Result<std::unique_ptr<store::Store>> open_to_read(const std::string& data_dir) {
  auto opened = store::Store::open(data_dir, store::OpenMode::kReadOnly, {});
  if (opened || opened.error().code != ErrorCode::kInvalid) return opened;
  Error error = opened.error();
  error.code = ErrorCode::kUnavailable;
  return error;
}

Result<std::shared_ptr<store::TopicStore>> find_topic(const store::Store& store, const std::string& data_dir,
                                                      const std::string& topic) {
  if (auto found = store.topic(topic)) return found;
  return Error{ErrorCode::kNotFound, fmt::format("{} has no topic \"{}\"", data_dir, topic), ""};
}

void add_example(CLI::App& command, const std::string& example) {
  const std::string before = command.get_footer();
  command.footer((before.empty() ? "Examples:\n  " : before + "\n  ") + example);
}

bool print_all(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return true;
  fmt::print(stderr, "kseek: can't write the output: {}\n", std::strerror(errno));
  return false;
}

}  // namespace kseek::cli
