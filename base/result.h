// Result<T>: a value or an Error, with std::expected's member names. Errors from outside (people, Kafka, disk,
// network) are return values; an assertion is a bug of ours. Values; no locking.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace kseek {

/// What the caller can do about it.
enum class ErrorCode {
  kInvalid,       ///< the input is wrong: fix it
  kNotFound,      ///< no such topic, message or file
  kConflict,      ///< it is already so, or someone else holds it
  kUnavailable,   ///< broker, server or disk is not there now: retry
  kTooLarge,      ///< over a stated limit
  kTimeout,       ///< ran out of time
  kUnauthorized,  ///< who asks is not known: bring a valid token
  kForbidden,     ///< known, and may not do this
  kTooMany,       ///< too often or too many at once: wait, then retry
  kCorrupt,       ///< bytes on disk are not what was written: rebuild
  kInternal,      ///< a bug, or something nobody expected: give up and report
};

/// The code's name as the HTTP interface spells it, for instance "not_found".
[[nodiscard]] const char* to_string(ErrorCode code);

/// `message` names the thing that is wrong and where; `hint` says the next step (may be empty).
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string hint;
};

/// "message; hint" in one line.
[[nodiscard]] std::string describe(const Error& error);

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] T& value() & { return assert(has_value()), std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return assert(has_value()), std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return assert(has_value()), std::get<0>(std::move(state_)); }
  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }
  [[nodiscard]] const Error& error() const& { return assert(!has_value()), std::get<1>(state_); }
  [[nodiscard]] Error&& error() && { return assert(!has_value()), std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const& { return assert(error_), *error_; }
  [[nodiscard]] Error&& error() && { return assert(error_), *std::move(error_); }

 private:
  std::optional<Error> error_;
};

/// Drops a failure on purpose, and says why.
template <class T>
void ignore_error(const Result<T>& /*result*/, const char* /*why*/) {}

}  // namespace kseek

#define KSEEK_CONCAT_(a, b) a##b
#define KSEEK_CONCAT(a, b) KSEEK_CONCAT_(a, b)

/// KSEEK_TRY(expr): returns the error of a Result<…> from the enclosing function.
#define KSEEK_TRY(expr)                                      \
  do {                                                       \
    if (auto kseek_try_result = (expr); !kseek_try_result) { \
      return std::move(kseek_try_result).error();            \
    }                                                        \
  } while (false)

/// KSEEK_ASSIGN(auto x, expr): x is the value of a Result<T>, or the error is returned.
#define KSEEK_ASSIGN(declaration, expr)                              \
  auto KSEEK_CONCAT(kseek_result_, __LINE__) = (expr);               \
  if (!KSEEK_CONCAT(kseek_result_, __LINE__)) {                      \
    return std::move(KSEEK_CONCAT(kseek_result_, __LINE__)).error(); \
  }                                                                  \
  declaration = *std::move(KSEEK_CONCAT(kseek_result_, __LINE__))
