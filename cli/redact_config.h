// [[redact]] of kseek.toml: what is taken out of messages before they are stored.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "indexer/redaction.h"

namespace kseek::cli {

/// The rules of the file; nullptr: it has none. Keys of a rule: topics, field, regex, header, in, not_json, replacement
/// (docs/redaction.md). kInvalid names the file, the line and what was expected.
[[nodiscard]] Result<std::shared_ptr<const indexer::Redactor>> read_redaction(const std::string& path);

}  // namespace kseek::cli
