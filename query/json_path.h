// Paths into JSON values, as a query writes them.
#pragma once

#include "tokenizer/json_path.h"

namespace kseek::query {

using tokenizer::JsonPath;
using tokenizer::kMaxJsonPathSteps;
using tokenizer::parse_json_path;

}  // namespace kseek::query
