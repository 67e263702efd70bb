#include "glid/core/wrap.h"

#include <gtest/gtest.h>

namespace glid {
namespace {

TEST(Wrap, LinesFitTheWidthWithTheirIndent) {
  EXPECT_EQ(wrapped("one two three", 9, 2), "  one two\n  three\n");
  EXPECT_EQ(wrapped("one two three", 10, 2), "  one two\n  three\n");
  EXPECT_EQ(wrapped("one two three", 13, 0), "one two three\n");
  EXPECT_EQ(wrapped("  ", 10, 0), "");
}

TEST(Wrap, LongerWordsStandAloneOrArePartedBehindABar) {
  EXPECT_EQ(wrapped("a longerthanthat b", 6, 0), "a\nlongerthanthat\nb\n");
  EXPECT_EQ(wrapped("names: red|green|blue or none", 10, 0), "names:\nred|green|\nblue or\nnone\n");
  EXPECT_EQ(wrapped("red|green", 3, 5), "     red|green\n");  // no room at all
}

}  // namespace
}  // namespace glid
