#include "glid/geometry/affine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace glid {
namespace {

constexpr double kTolerance = 1e-12;

void expect_near(const PointXy& a, const PointXy& b) {
  EXPECT_NEAR(a.x, b.x, kTolerance);
  EXPECT_NEAR(a.y, b.y, kTolerance);
}

TEST(Affine, StartsAsTheIdentity) {
  EXPECT_EQ(apply(Affine{}, PointXy{0.1, -7}), (PointXy{0.1, -7}));
  EXPECT_EQ(Affine{}.inverse(), Affine{});
}

TEST(Affine, RotatesClockwiseAroundItsCentre) {
  const Affine quarter = Affine::rotation(90, {2, 3});
  expect_near(apply(quarter, PointXy{2, 3}), {2, 3});
  expect_near(apply(quarter, PointXy{5, 3}), {2, 6});  // y points down
  EXPECT_NEAR(quarter.determinant(), 1, kTolerance);
}

TEST(Affine, ThenIsOneAfterTheOther) {
  const Affine a{2, 0.5, 3, -1, 1.5, 4}, b = Affine::rotation(20, {1, 2});
  const PointXy point{0.7, -0.3};
  expect_near(apply(then(a, b), point), apply(b, apply(a, point)));
  EXPECT_NEAR(then(a, b).determinant(), a.determinant() * b.determinant(), kTolerance);
  expect_near(apply(then(a, a.inverse()), point), point);
  expect_near(apply(then(a.inverse(), a), point), point);
}

TEST(Affine, ABoxBecomesTheBoxAroundItsCorners) {
  EXPECT_EQ(apply(Affine{-1, 0, 10, 0, 2, 1}, Box{1, 2, 4, 6}), (Box{6, 5, 9, 13}));
  const Box turned = apply(Affine::rotation(45, {1, 1}), Box{0, 0, 2, 2});
  EXPECT_NEAR(turned.x0, 1 - std::sqrt(2), kTolerance);
  EXPECT_NEAR(turned.y1, 1 + std::sqrt(2), kTolerance);
}

TEST(Affine, AFlatMapHasNoInverse) {
  EXPECT_THROW((Affine{1, 2, 0, 2, 4, 0}.inverse()), std::invalid_argument);
  EXPECT_THROW(Affine::scaling(std::numeric_limits<double>::quiet_NaN(), 1).inverse(), std::invalid_argument);
}

}  // namespace
}  // namespace glid
