// The rules find what they are for: each is tried on made-up sources that break it.
#include "tests/house/source_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kseek::house {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(FindIncludes, ReadsBothFormsAndTheLine) {
  const auto includes =
      find_includes("// c\n#include <vector>\n  #  include \"base/ids.h\"  // why\n#define X\nint include;");
  ASSERT_EQ(includes.size(), 2U);
  EXPECT_EQ(includes[0].path, "vector");
  EXPECT_TRUE(includes[0].angled);
  EXPECT_EQ(includes[0].line, 2U);
  EXPECT_EQ(includes[1].path, "base/ids.h");
  EXPECT_FALSE(includes[1].angled);
  EXPECT_EQ(includes[1].line, 3U);
}

TEST(FindIncludes, IgnoresBrokenLines) {
  EXPECT_THAT(find_includes("#include\n#include <vector\n#include \"x\n#"), IsEmpty());
  EXPECT_THAT(find_includes(""), IsEmpty());
}

TEST(Arrows, DownwardsIsFine) {
  EXPECT_THAT(check_arrows({{"cli/main.cc", "#include \"server/http_server.h\"\n#include \"base/ids.h\"\n"},
                            {"query/plan.cc", "#include \"query/plan.h\"\n#include \"store/store.h\"\n"},
                            {"tests/query/plan_test.cc", "#include \"indexer/indexer.h\"\n"}}),
              IsEmpty());
}

TEST(Arrows, BackwardsAndSidewaysAreFound) {
  EXPECT_THAT(check_arrows({{"base/ids.h", "#include \"tokenizer/text.h\"\n"}}),
              ElementsAre(HasSubstr("base/ids.h:1: base/ must not include")));
  EXPECT_THAT(check_arrows({{"store/store.cc", "\n#include \"query/request.h\"\n"}}),
              ElementsAre(HasSubstr("store/store.cc:2:")));
  EXPECT_THAT(check_arrows({{"query/a.cc", "#include \"indexer/indexer.h\"\n"}}), ElementsAre(HasSubstr("query/")));
  EXPECT_THAT(check_arrows({{"indexer/a.cc", "#include \"query/request.h\"\n"}}), ElementsAre(HasSubstr("indexer/")));
  EXPECT_THAT(check_arrows({{"embed/a.cc", "#include \"server/json.h\"\n"}}), ElementsAre(HasSubstr("embed/")));
  EXPECT_THAT(check_arrows({{"server/a.cc", "#include \"embed/convert.h\"\n"}}), ElementsAre(HasSubstr("server/")));
  EXPECT_THAT(check_arrows({{"include/kseek/kseek.h", "#include \"base/ids.h\"\n"}}),
              ElementsAre(HasSubstr("include/ must not")));
  EXPECT_THAT(check_arrows({{"server/a.cc", "#include \"cli/options.h\"\n"}}), ElementsAre(HasSubstr("server/")));
  EXPECT_THAT(check_arrows({{"store/a.cc", "#include \"tests/store/model.h\"\n"}}), ElementsAre(HasSubstr("store/")));
  EXPECT_THAT(check_arrows({{"attic/a.cc", ""}}), ElementsAre(HasSubstr("no arrows are known")));
}

TEST(ThirdParty, AtHomeIsFine) {
  EXPECT_THAT(
      check_third_party({{"tokenizer/fold.cc", "#include <unicode/normalizer2.h>\n#include <fmt/format.h>\n"},
                         {"store/segment.cc", "#include <xapian.h>\n#include <rocksdb/db.h>\n#include <zstd.h>\n"},
                         {"indexer/consumer.cc", "#include <librdkafka/rdkafka.h>\n#include <sys/stat.h>\n"},
                         {"tests/store/segment_test.cc", "#include <gtest/gtest.h>\n#include <xapian.h>\n"}}),
      IsEmpty());
}

TEST(ThirdParty, AwayFromHomeIsFound) {
  EXPECT_THAT(check_third_party({{"store/a.cc", "#include <unicode/uchar.h>\n"}}), ElementsAre(HasSubstr("ICU")));
  EXPECT_THAT(check_third_party({{"query/a.cc", "#include <xapian.h>\n"}}), ElementsAre(HasSubstr("Xapian")));
  EXPECT_THAT(check_third_party({{"server/a.cc", "#include <librdkafka/rdkafka.h>\n"}}),
              ElementsAre(HasSubstr("librdkafka")));
  EXPECT_THAT(check_third_party({{"cli/a.cc", "#include <microhttpd.h>\n"}}), ElementsAre(HasSubstr("libmicrohttpd")));
  EXPECT_THAT(check_third_party({{"base/a.cc", "#include <gtest/gtest.h>\n"}}), ElementsAre(HasSubstr("GoogleTest")));
  EXPECT_THAT(check_third_party({{"tests/query/a.cc", "#include <rocksdb/db.h>\n"}}),
              ElementsAre(HasSubstr("RocksDB")));
  EXPECT_THAT(check_third_party({{"base/a.cc", "#include <boost/asio.hpp>\n"}}),
              ElementsAre(HasSubstr("no rule knows")));
}

TEST(ThirdParty, HeadersThatOthersIncludeBringNoneAlong) {
  const Sources inside = {{"store/segment.h", "#include \"store/glass.h\"\n"},
                          {"store/glass.h", "#include <xapian.h>\n"},
                          {"store/segment.cc", "#include \"store/segment.h\"\n"}};
  EXPECT_THAT(check_third_party(inside), IsEmpty());
  Sources outside = inside;
  outside["query/plan.cc"] = "\n#include \"store/segment.h\"\n";
  EXPECT_THAT(check_third_party(outside),
              ElementsAre(HasSubstr("query/plan.cc:2: \"store/segment.h\" brings Xapian along")));
}

TEST(Form, GoodSourcesPass) {
  EXPECT_THAT(check_form({{"base/a.h", "// A.\n#pragma once\n"}, {"base/a.cc", "#include \"base/a.h\"\n"}}), IsEmpty());
}

TEST(Form, EachFaultIsFound) {
  EXPECT_THAT(check_form({{"base/a.h", "int a;\n"}}), ElementsAre(HasSubstr("#pragma once")));
  EXPECT_THAT(check_form({{"base/a.cc", std::string(kMaxLines + 1, '\n')}}), ElementsAre(HasSubstr("too long")));
  EXPECT_THAT(check_form({{"base/a.cc", std::string(kMaxLines, '\n')}}), IsEmpty());
  EXPECT_THAT(check_form({{"base/a.cc", "#include \"a.h\"\n"}}), ElementsAre(HasSubstr("not a path from the root")));
  EXPECT_THAT(check_form({{"base/a.cc", "#include \"../base/a.h\"\n"}}), ElementsAre(HasSubstr("not a path")));
  EXPECT_THAT(check_form({{"base/a.h", "#pragma once\n"}, {"base/a.cc", "#include <base/a.h>\n"}}),
              ElementsAre(HasSubstr("quoted")));
  EXPECT_THAT(check_form({{"base/a.cc", std::string("// TO") + "DO later\n"}}), ElementsAre(HasSubstr("has a TO")));
}

}  // namespace
}  // namespace kseek::house
