#include "glid/config/nearest.h"

#include <gtest/gtest.h>

namespace glid::config {

TEST(Nearest, IsTheKnownNameOfTheFewestEdits) {
  const std::vector<std::string> known = {"norm.weight", "norm.bias", "head.weight", "x"};
  EXPECT_EQ(nearest("norm.weight", known), "norm.weight");
  EXPECT_EQ(nearest("nrom.wieght", known), "norm.weight");
  EXPECT_EQ(nearest("norm3.weight", known), "norm.weight");
  EXPECT_EQ(nearest("norm.bia", known), "norm.bias");
  EXPECT_EQ(nearest("nor.bais", known), "norm.bias");
  EXPECT_EQ(nearest("norm.scales", known), "");
  EXPECT_EQ(nearest("y", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest("norm.bias", {}), "");
}

TEST(Nearest, EditsAreFewForTheLengthOfTheName) {
  EXPECT_EQ(nearest("abcdefgh", {"abcdefghxyz"}), "abcdefghxyz");
  EXPECT_EQ(nearest("abcdefgh", {"abcdefghwxyz"}), "");
  EXPECT_EQ(nearest("abcdefghxyz", {"abcdefgh"}), "abcdefgh");
  EXPECT_EQ(nearest("badcfehg", {"xabcdefgh", "abcdefgh"}), "");
  EXPECT_EQ(nearest("badcfegh", {"xabcdefgh", "abcdefgh"}), "abcdefgh");
}

// A file may have names of 50 MB.
TEST(Nearest, LongNamesHaveNone) {
  const std::string longest(1000, 'a');
  EXPECT_EQ(nearest(longest, {longest + 'b'}), longest + 'b');
  EXPECT_EQ(nearest(longest + 'a', {longest + 'b'}), "");
  EXPECT_EQ(nearest("aaaa", {std::string(50'000'000, 'a')}), "");
}

}  // namespace glid::config
