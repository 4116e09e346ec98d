// A directory read beside its owner: a store opened anew at each refresh().
#include <filesystem>

#include "embed/convert.h"
#include "embed/directory_impl.h"

namespace kseek::v1 {
namespace {

struct ReaderImpl final : Directory::Impl {
  ReaderImpl(std::filesystem::path its_path, const store::StoreOptions& its_options,
             std::shared_ptr<store::Store> opened)
      : Directory::Impl(std::move(opened)), path(std::move(its_path)), options(its_options) {}
  const std::filesystem::path path;
  const store::StoreOptions options;
};

}  // namespace

Result<Reader> Reader::open(const std::string& directory, const ReaderOptions& options) {
  store::StoreOptions storing;
  storing.block_cache_bytes = options.block_cache_bytes;
  auto opened = store::Store::open(directory, store::OpenMode::kReadOnly, storing);
  if (!opened) return embed::to_api(opened.error());
  return Reader(std::make_unique<ReaderImpl>(directory, storing, *std::move(opened)));
}

Result<void> Reader::refresh() {
  auto& reader = static_cast<ReaderImpl&>(*impl_);
  auto opened = store::Store::open(reader.path, store::OpenMode::kReadOnly, reader.options);
  if (!opened) return embed::to_api(opened.error());
  reader.replace(*std::move(opened));
  return {};
}

}  // namespace kseek::v1
