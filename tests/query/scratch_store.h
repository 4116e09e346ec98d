// A store in a directory of its own, removed with everything in it.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "store/store.h"

namespace kseek::query {

template <class T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error("it failed: " + describe(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class ScratchStore {
 public:
  explicit ScratchStore(const store::StoreOptions& options = {}) : options_(options) {
    const std::filesystem::path parent =
        std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (parent / "kseek_query_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for temporary files");
    path_ = name;
    store_ = need(store::Store::open(path_, store::OpenMode::kOwner, options_));
  }
  ~ScratchStore() {
    store_.reset();
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  ScratchStore(const ScratchStore&) = delete;
  ScratchStore& operator=(const ScratchStore&) = delete;

  /// Closes and opens again. REQUIRES: nobody holds a topic.
  void reopen() {
    store_.reset();
    store_ = need(store::Store::open(path_, store::OpenMode::kOwner, options_));
  }
  store::Store& operator*() { return *store_; }
  store::Store* operator->() { return store_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  store::StoreOptions options_;
  std::filesystem::path path_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace kseek::query
