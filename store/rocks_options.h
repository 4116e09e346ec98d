// What RocksDB is told. Internal to store/.
#pragma once

#include <rocksdb/options.h>

#include <cstdint>
#include <memory>
#include <string>

#include "store/live_blocks.h"

namespace kseek::store {

/// For a database at `path`; its directory is made for an owner. `write_buffer_bytes`: of all column families together.
[[nodiscard]] rocksdb::DBOptions database_options(const std::string& path, bool read_only, uint64_t write_buffer_bytes);
[[nodiscard]] rocksdb::ColumnFamilyOptions catalog_options();
/// Of a topic's blocks; compactions drop those that `live` does not have.
[[nodiscard]] rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<const LiveBlocks>& live);

}  // namespace kseek::store
