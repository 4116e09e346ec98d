// What a public Query holds. Constant after construction.
#pragma once

#include <optional>

#include "base/result.h"
#include "include/kseek/kseek.h"
#include "query/condition.h"

namespace kseek::v1 {

struct Query::Impl {
  std::optional<kseek::query::Condition> condition;  ///< nullopt: everything
  std::optional<kseek::Error> error;                 ///< then the condition means nothing
};

}  // namespace kseek::v1
