// What `cmake --install` gives a stranger: the example is configured and built against it, by CMake and by pkg-config,
// and searches a directory that a running server owns. And the shared library shows its public names only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kseek/kseek.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/source_dir.h"
#include "tests/system/system.h"

namespace kseek::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string trim(std::string text) {
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

/// The words of a line of output.
std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

TEST(PublicNames, AreAllThatTheLibraryShows) {
  const Finished names = run({"nm", "-D", "--defined-only", "-C", KSEEK_LIBRARY});
  ASSERT_EQ(names.code, 0) << names.err;
  std::vector<std::string> strangers;
  size_t ours = 0;
  std::istringstream lines(names.out);
  for (std::string line; std::getline(lines, line);) {
    const std::string name = line.substr(line.find(' ') + 3);  // after the address and the kind
    if (name.starts_with("kseek::v1::") || name.find(" for kseek::v1::") != std::string::npos) {
      ++ours;
    } else {
      strangers.push_back(name);
    }
  }
  EXPECT_THAT(strangers, IsEmpty());
  EXPECT_GT(ours, 40U);
  const Finished dynamic = run({"readelf", "-d", KSEEK_LIBRARY});
  EXPECT_THAT(dynamic.out, HasSubstr("soname: [libkseek.so.0.1]"));
}

class InstalledPackage : public ::testing::Test {
 protected:
  void SetUp() override {
    if (KSEEK_SANITIZED) GTEST_SKIP() << "the example is not built with the sanitizers that the library needs";
    // Installed to one place and moved to another: nothing may remember where it was.
    const Finished installed = run({"cmake", "--install", binary_dir(), "--prefix", dir_.file("first")});
    ASSERT_EQ(installed.code, 0) << installed.err;
    prefix_ = dir_.file("moved");
    fs::rename(dir_.file("first"), prefix_);
    for (const auto& entry : fs::recursive_directory_iterator(prefix_)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("libkseek.so") && !entry.is_symlink()) library_dir_ = entry.path().parent_path();
    }
    ASSERT_FALSE(library_dir_.empty());
    ASSERT_TRUE(fs::exists(fs::path(prefix_) / "bin" / "kseek"));
  }

  /// Configures and builds the example; where its programs are.
  std::string build_by_cmake() {
    const std::string build = dir_.file("example");
    const Finished configured = run({"cmake", "-S", source_dir() + std::string("/examples/embed"), "-B", build,
                                     "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_PREFIX_PATH=" + prefix_});
    EXPECT_EQ(configured.code, 0) << configured.err;
    const Finished built = run({"cmake", "--build", build});
    EXPECT_EQ(built.code, 0) << built.out << built.err;
    return build;
  }
  std::string build_by_pkg_config() {
    const fs::path file = library_dir_ / "pkgconfig";
    const Finished flags =
        run({"env", "PKG_CONFIG_PATH=" + file.string(), "pkg-config", "--cflags", "--libs", "kseek"});
    EXPECT_EQ(flags.code, 0) << flags.err;
    std::string program = dir_.file("by_pkg_config");
    std::vector<std::string> command{"c++",
                                     "-std=c++20",
                                     "-Wall",
                                     "-Wextra",
                                     "-Wpedantic",
                                     "-Wshadow",
                                     "-Werror",
                                     source_dir() + std::string("/examples/embed/search_directory.cc"),
                                     "-o",
                                     program,
                                     "-Wl,-rpath," + library_dir_.string()};
    for (const std::string& flag : words_of(flags.out)) command.push_back(flag);
    const Finished compiled = run(command);
    EXPECT_EQ(compiled.code, 0) << compiled.err;
    return program;
  }

  TempDir dir_;
  std::string prefix_;
  fs::path library_dir_;
};

TEST_F(InstalledPackage, TheExamplesSearchAndTail) {
  const std::string example = build_by_cmake();
  const std::string by_pkg_config = build_by_pkg_config();
  EXPECT_THAT(trim(run({"env", "PKG_CONFIG_PATH=" + (library_dir_ / "pkgconfig").string(), "pkg-config", "--modversion",
                        "kseek"})
                       .out),
              KSEEK_VERSION);

  Process broker(kseek_arguments({"broker", "--topic", "orders:2"}));
  const std::string address = broker.read_line().value_or("");
  write_file(dir_.file("kseek.toml"), "[indexer]\nseal_after = \"200ms\"\n");
  ServerProcess server(dir_.file("data"), address, dir_.file("kseek.toml"));
  ASSERT_TRUE(server.ready()) << server.process().errors();
  ASSERT_EQ(server.call("POST", "/api/v1/topics", R"({"topic":"orders"})").status, 201);
  const Finished sent = run({"kcat", "-P", "-b", address, "-t", "orders", "-p", "1", "-K", "="},
                            "order-1=payment timeout\norder-2=paid\norder-3=payment refused\n");
  ASSERT_EQ(sent.code, 0) << sent.err;

  // The server owns the directory and goes on; what it has sealed is found beside it.
  const std::vector<std::string> search{example + "/search_directory", dir_.file("data"), "orders", "payment"};
  Finished found;
  EXPECT_TRUE(eventually([&] {
    found = run(search);
    return found.out.find("2 messages") != std::string::npos;
  })) << found.out
      << found.err;
  EXPECT_THAT(found.out, HasSubstr("orders 1 2 order-3 payment refused\norders 1 0 order-1 payment timeout\n"));
  EXPECT_EQ(run({by_pkg_config, dir_.file("data"), "orders", "payment"}).out, found.out);
  EXPECT_EQ(run({by_pkg_config, dir_.file("data"), "none"}).code, 1);

  // As an owner, in a directory of its own.
  const Finished tailed =
      run({example + "/tail_and_search", address, dir_.file("own"), "orders", "payment", "order-1"});
  EXPECT_EQ(tailed.code, 0) << tailed.err;
  EXPECT_EQ(tailed.out, "1 0 payment timeout\n1 hits, complete\n");
  const Finished refused = run({example + "/tail_and_search", address, dir_.file("data"), "orders", "payment"});
  EXPECT_EQ(refused.code, 1) << "the server owns that one";
  EXPECT_EQ(server.get("/healthz").status, 200);
}

}  // namespace
}  // namespace kseek::testing
