// This repository keeps the rules of tests/house/source_rules.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/house/source_rules.h"
#include "tests/source_dir.h"

namespace kseek::house {
namespace {

const Sources& repository() {
  static const Sources all = [] {
    const std::filesystem::path root = source_dir();
    Sources sources;
    for (const auto& folder : std::filesystem::directory_iterator(root)) {
      const std::string name = folder.path().filename().string();
      if (!folder.is_directory() || name == "build" || name.starts_with(".")) continue;
      for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
        const std::string extension = file.path().extension().string();
        if (!file.is_regular_file() || (extension != ".h" && extension != ".cc")) continue;
        std::ifstream in(file.path(), std::ios::binary);
        sources[std::filesystem::relative(file.path(), root).generic_string()] =
            std::string(std::istreambuf_iterator<char>(in), {});
      }
    }
    return sources;
  }();
  return all;
}

TEST(Repository, HasAllFolders) {
  for (const char* file : {"base/ids.h", "tokenizer/tokenizer.h", "store/store.h", "indexer/indexer.h",
                           "query/request.h", "server/http_server.h", "embed/convert.h", "include/kseek/kseek.h",
                           "bench/data_generator.h", "tests/house/repository_test.cc"}) {
    EXPECT_TRUE(repository().contains(file)) << file;
  }
}

TEST(Repository, IncludesFollowTheArrows) { EXPECT_THAT(check_arrows(repository()), testing::IsEmpty()); }

TEST(Repository, ThirdPartyLibrariesStayAtHome) { EXPECT_THAT(check_third_party(repository()), testing::IsEmpty()); }

TEST(Repository, SourcesKeepTheForm) { EXPECT_THAT(check_form(repository()), testing::IsEmpty()); }

}  // namespace
}  // namespace kseek::house
