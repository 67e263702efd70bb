#include "glid/core/library_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"

namespace glid {
namespace {

using testing::HasSubstr;

std::string refusal(int64_t loaded, int64_t compiled) {
  try {
    require_library("NCCL", "malloc", loaded, compiled);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(LibraryVersion, TextHasThreeNumbers) {
  EXPECT_EQ(library_version_text(22809), "2.28.9");
  EXPECT_EQ(library_version_text(91900), "9.19.0");
  EXPECT_EQ(library_version_text(2804), "2.8.4");
  EXPECT_EQ(library_version_text(8907), "8.9.7");
}

TEST(LibraryVersion, TheSameAndNewerOnesOfTheMajorPass) {
  EXPECT_EQ(refusal(22809, 22809), "");
  EXPECT_EQ(refusal(22901, 22809), "");
  EXPECT_EQ(refusal(8907, 8902), "");
}

TEST(LibraryVersion, OlderOnesAndOtherMajorsAreRefused) {
  EXPECT_THAT(refusal(22808, 22809), HasSubstr("NCCL: 2.28.9 or a newer 2 is needed (got 2.28.8 in /"));
  EXPECT_THAT(refusal(30000, 22809), HasSubstr("(got 3.0.0 in"));
  EXPECT_THAT(refusal(8907, 91900), HasSubstr("9.19.0 or a newer 9 is needed (got 8.9.7 in"));
  EXPECT_THAT(refusal(100000, 91900), HasSubstr("(got 10.0.0 in"));
}

TEST(LibraryVersion, PlaceIsTheFileOfTheFunction) {
  EXPECT_THAT(library_of("malloc"), testing::StartsWith("/"));
  EXPECT_EQ(library_of("no_library_has_this_function"), "");
}

}  // namespace
}  // namespace glid
