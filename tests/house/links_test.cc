// Every relative link in a document leads somewhere.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "tests/source_dir.h"

namespace kseek::house {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A heading as a link names it: small letters and digits, spaces as hyphens.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (c >= 'A' && c <= 'Z') anchor += static_cast<char>(c - 'A' + 'a');
    if (kept) anchor += c;
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

bool has_heading(const fs::path& document, const std::string& anchor) {
  const std::string text = content_of(document);
  const std::regex heading("(^|\n)#+ ([^\n]*)");
  for (std::sregex_iterator it(text.begin(), text.end(), heading), end; it != end; ++it) {
    if (anchor_of((*it)[2]) == anchor) return true;
  }
  return false;
}

void check_links(const fs::path& document) {
  const std::string text = content_of(document);
  const std::regex link(R"(\]\(([^)\s]+)\))");
  for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
    const std::string target = (*it)[1];
    if (target.find("://") != std::string::npos) continue;
    const size_t hash = target.find('#');
    const fs::path path = hash == 0 ? document : document.parent_path() / target.substr(0, hash);
    EXPECT_TRUE(fs::exists(path)) << document << " links to " << target;
    if (hash != std::string::npos) {
      EXPECT_TRUE(has_heading(path, target.substr(hash + 1))) << document << " links to " << target;
    }
  }
}

TEST(Documents, LinksLeadSomewhere) {
  size_t documents = 0;
  const fs::path root = source_dir();
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name == "build" || name == "node_modules" || name.starts_with("."))) {
      it.disable_recursion_pending();
    } else if (it->path().extension() == ".md") {
      check_links(it->path());
      ++documents;
    }
  }
  EXPECT_GT(documents, 10U);
}

TEST(Documents, TheIndexNamesThemAll) {
  const fs::path docs = fs::path(source_dir()) / "docs";
  const std::string index = content_of(docs / "README.md");
  for (const auto& entry : fs::directory_iterator(docs)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".md" || name == "README.md") continue;
    EXPECT_NE(index.find("(" + name + ")"), std::string::npos) << "docs/README.md does not name " << name;
  }
}

}  // namespace
}  // namespace kseek::house
