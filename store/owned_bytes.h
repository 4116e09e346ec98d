// Bytes, and whatever keeps them in memory. Internal to store/.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace kseek::store {

/// Cheap to copy: copies share the owner. Any thread, as it is constant.
class OwnedBytes {
 public:
  OwnedBytes(std::string bytes)  // NOLINT(google-explicit-constructor): a string owns its bytes
      : OwnedBytes(std::make_shared<const std::string>(std::move(bytes))) {}
  /// REQUIRES: `bytes` live as long as `owner`.
  OwnedBytes(std::shared_ptr<const void> owner, std::string_view bytes) : owner_(std::move(owner)), bytes_(bytes) {}

  [[nodiscard]] std::string_view view() const { return bytes_; }
  [[nodiscard]] const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  explicit OwnedBytes(const std::shared_ptr<const std::string>& bytes) : owner_(bytes), bytes_(*bytes) {}

  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
};

}  // namespace kseek::store
