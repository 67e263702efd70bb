#include "glid/core/counted.h"

#include <gtest/gtest.h>

namespace glid {
namespace {

TEST(Counted, OneIsSingular) {
  EXPECT_EQ(counted(0, "image"), "0 images");
  EXPECT_EQ(counted(1, "image"), "1 image");
  EXPECT_EQ(counted(size_t{2}, "image"), "2 images");
  EXPECT_EQ(counted(1, "class", "classes"), "1 class");
  EXPECT_EQ(counted(21, "class", "classes"), "21 classes");
}

}  // namespace
}  // namespace glid
