#include "indexer/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace kseek::indexer {
namespace {

std::shared_ptr<spdlog::logger> find_or_make() {
  if (auto known = spdlog::get("kseek")) return known;
  try {
    return spdlog::stderr_color_mt("kseek");
  } catch (const spdlog::spdlog_ex&) {  // somebody else was quicker
    return spdlog::get("kseek");
  }
}

}  // namespace

spdlog::logger& log() {
  static const std::shared_ptr<spdlog::logger> logger = find_or_make();
  return *logger;
}

}  // namespace kseek::indexer
