#include "glid/geometry/box_units.h"

#include <gtest/gtest.h>

#include <vector>

namespace glid {
namespace {

std::string suspicion_of(const std::vector<BoxXywh>& boxes, int64_t height = 40, int64_t width = 60) {
  BoxUnits some, others;
  for (size_t i = 0; i < boxes.size(); ++i) (i % 2 == 0 ? some : others).add(boxes[i], height, width);
  some.merge(others);
  return some.suspicion();
}

TEST(BoxUnits, PixelsAreFine) {
  EXPECT_EQ(suspicion_of({}), "");
  EXPECT_EQ(suspicion_of({{2, 3, 20, 10}, {30, 20, 30, 20}, {50, 30, 4, 4}}), "");
  EXPECT_EQ(suspicion_of({{0, 0, 1, 1}, {30, 20, 10, 10}}), "");      // one tiny box among others
  EXPECT_EQ(suspicion_of({{10, 10, 70, 20}, {30, 20, 10, 10}}), "");  // one leaves its image
  EXPECT_EQ(suspicion_of({{2, 3, 20, 10}, {2, 3, 20, 30}}), "");      // would fit as corners, but needn't
}

TEST(BoxUnits, FractionsOfTheImage) {
  EXPECT_EQ(suspicion_of({{0.2, 0.3, 0.5, 0.4}, {0, 0, 1, 1}, {0.9, 0.5, 0.05, 0.1}}),
            "3 of 3 boxes lie within the first pixel: pixels are asked for, not fractions of the image");
  EXPECT_NE(suspicion_of({{0.2, 0.3, 0.5, 0.4}}, 0, 0), "");  // whatever the size
}

TEST(BoxUnits, Corners) {
  EXPECT_EQ(suspicion_of({{2, 3, 22, 13}, {30, 20, 60, 40}, {50, 30, 54, 34}}),
            "2 of 3 boxes leave their image, but all fit it as [x0, y0, x1, y1]: [x, y, width, height] is asked for");
  EXPECT_EQ(suspicion_of({{2, 3, 22, 13}, {30, 20, 60, 40}, {50, 30, 4, 34}}), "");  // no corner: x1 < x0
  EXPECT_EQ(suspicion_of({{30, 20, 60, 40}}, 0, 0), "");
}

}  // namespace
}  // namespace glid
