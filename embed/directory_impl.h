// What Reader and Owner hold, and what a search of either is. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "include/kseek/kseek.h"
#include "query/request.h"
#include "store/store.h"

namespace kseek::v1 {

struct Directory::Impl {
  explicit Impl(std::shared_ptr<store::Store> opened) : store_(std::move(opened)) {}
  virtual ~Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// What is to be asked now. Whoever holds it may go on asking it.
  [[nodiscard]] std::shared_ptr<store::Store> store() const {
    const std::lock_guard lock(mu_);
    return store_;
  }
  void replace(std::shared_ptr<store::Store> opened) {
    {
      const std::lock_guard lock(mu_);
      store_.swap(opened);
    }
    // The old one is let go without the lock: that may close files.
  }

  /// Why answers about these topics can't be complete, the store's own reasons apart.
  [[nodiscard]] virtual std::vector<std::string> reasons(const std::vector<std::string>& /*topics*/) const {
    return {};
  }

 private:
  mutable std::mutex mu_;
  std::shared_ptr<store::Store> store_;  // guarded by mu_
};

}  // namespace kseek::v1
