// The folder's logger: spdlog's "kseek" on standard error, made on first use. Private to indexer/. Any thread.
#pragma once

#include <spdlog/logger.h>

namespace kseek::indexer {

[[nodiscard]] spdlog::logger& log();

}  // namespace kseek::indexer
