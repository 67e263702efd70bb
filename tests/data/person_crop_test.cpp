#include "glid/data/person_crop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <tuple>

#include "support/noise_image.h"

namespace glid {
namespace {

constexpr int64_t kHeight = 256, kWidth = 192;
constexpr double kAspect = 0.75;

// mmpose get_warp_matrix in indices of pixels, written out.
PointXy udp(const PersonCrop& crop, double x, double y) {
  const double angle = crop.degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
  const double sx = (kWidth - 1) / crop.width, sy = (kHeight - 1) / crop.height;
  return {sx * (c * (x - crop.cx) - s * (y - crop.cy) + crop.width / 2),
          sy * (s * (x - crop.cx) + c * (y - crop.cy) + crop.height / 2)};
}

TEST(CropAround, ExtendsTheShorterSide) {
  const PersonCrop wide = crop_around({10, 20, 50, 40}, kAspect), tall = crop_around({0, 0, 10, 100}, kAspect);
  EXPECT_EQ(wide.cx, 30);
  EXPECT_EQ(wide.cy, 30);
  EXPECT_DOUBLE_EQ(wide.width, 40 * 1.25);
  EXPECT_DOUBLE_EQ(wide.height, 40 / 0.75 * 1.25);
  EXPECT_DOUBLE_EQ(tall.width, 75 * 1.25);
  EXPECT_DOUBLE_EQ(tall.height, 100 * 1.25);
}

TEST(WarpOf, IsUdpsInIndices) {
  for (const double degrees : {0.0, 33.0, -71.0}) {
    PersonCrop crop = crop_around({12.5, 7.25, 80, 140}, kAspect);
    crop.degrees = degrees;
    const Affine warp = warp_of(crop, kHeight, kWidth);
    for (const auto& [x, y] : {std::pair{0.0, 0.0}, {17.25, 80.5}, {200.0, -3.0}}) {
      const PointXy expected = udp(crop, x, y), got = apply(warp, PointXy{x + 0.5, y + 0.5});
      EXPECT_NEAR(got.x - 0.5, expected.x, 1e-9);
      EXPECT_NEAR(got.y - 0.5, expected.y, 1e-9);
    }
    crop.is_mirrored = true;
    const PointXy mirrored = apply(warp_of(crop, kHeight, kWidth), PointXy{17.75, 81});
    EXPECT_NEAR(mirrored.x - 0.5, kWidth - 1 - udp(crop, 17.25, 80.5).x, 1e-9);
  }
}

// The pixel of the centre of a crop of odd sides is the picture's middle, and a crop of a picture's own indices is the
// picture.
TEST(PlacedCrop, KeepsPixelsWhereTheyAre) {
  const Image image = noise_image(31, 21, 4);
  const PersonCrop whole{10, 15, 20, 30};
  EXPECT_EQ(place_image(image, placed_crop(whole, image, 31, 21), Filter::kBilinear), image);
  PersonCrop mirrored = whole;
  mirrored.is_mirrored = true;
  const Placement placement = placed_crop(mirrored, image, 31, 21);
  EXPECT_TRUE(placement.is_mirrored());
  EXPECT_EQ(place_image(image, placement, Filter::kBilinear),
            place_image(image, Placement(31, 21).flip(), Filter::kBilinear));
}

std::vector<Keypoint> standing_person() {
  std::vector<Keypoint> joints;
  for (int i = 0; i < 10; ++i) joints.push_back({50.0 + 2 * (i % 3), 20.0 + 10 * i, Visibility::kVisible});
  return joints;
}

TEST(TrainingCrop, IsAFunctionOfItsDraws) {
  const std::vector<Keypoint> joints = standing_person();
  const std::vector<bool> is_lower{false, false, false, false, false, true, true, true, true, true};
  const Box box{30, 10, 80, 120};
  const PersonView person{box, joints, is_lower};
  const PersonCrop plain = crop_around(box, kAspect);
  int mirrored = 0, turned = 0, moved = 0;
  for (uint64_t id = 0; id < 400; ++id) {
    Rng rng(1, 0, id, RandomOp::kCrop), again(1, 0, id, RandomOp::kCrop), still(1, 0, id, RandomOp::kCrop);
    const PersonCrop crop = training_crop(person, kAspect, {}, rng);
    EXPECT_EQ(crop.cx, training_crop(person, kAspect, {}, again).cx);
    EXPECT_NEAR(crop.width / crop.height, kAspect, 1e-12);
    EXPECT_LE(std::abs(crop.degrees), 80);
    mirrored += crop.is_mirrored;
    turned += crop.degrees != 0;
    const PersonCrop unmoved =
        training_crop(person, kAspect, {.flip = false, .half_body = 0, .scale = 0, .rotation = 0, .jitter = 0}, still);
    EXPECT_EQ(std::tie(unmoved.cx, unmoved.cy, unmoved.width, unmoved.degrees, unmoved.is_mirrored),
              std::make_tuple(plain.cx, plain.cy, plain.width, 0.0, false));
    moved += crop.cy != plain.cy;
  }
  EXPECT_THAT(mirrored, testing::AllOf(testing::Ge(160), testing::Le(240)));
  EXPECT_THAT(turned, testing::AllOf(testing::Ge(200), testing::Le(280)));
  EXPECT_THAT(moved, testing::AllOf(testing::Ge(160), testing::Le(260)));  // 1 - .7 x .7
}

// Upper or lower joints alone, their mean in the middle, half as large again as their box.
TEST(TrainingCrop, LooksAtHalfABody) {
  const std::vector<Keypoint> joints = standing_person();
  const std::vector<bool> is_lower{false, false, false, false, false, true, true, true, true, true};
  const Box box{30, 10, 80, 120};
  int upper = 0;
  for (uint64_t id = 0; id < 300; ++id) {
    Rng rng(1, 0, id, RandomOp::kCrop);
    const PersonCrop crop = training_crop({box, joints, is_lower}, kAspect, {.half_body = 1, .scale = 0}, rng);
    EXPECT_DOUBLE_EQ(crop.height, 40 * 1.5);
    EXPECT_DOUBLE_EQ(crop.cy, crop.cy < 60 ? 39.5 : 89.5);
    upper += crop.cy < 60;
  }
  EXPECT_THAT(upper, testing::AllOf(testing::Ge(180), testing::Le(235)));  // 69 %
  std::vector<Keypoint> few = joints;
  few[0].visibility = few[1].visibility = Visibility::kUnlabelled;
  Rng rng(1, 0, 0, RandomOp::kCrop);
  EXPECT_DOUBLE_EQ(training_crop({box, few, is_lower}, kAspect, {.half_body = 1, .scale = 0}, rng).height, 110 * 1.25);
}

TEST(LowerJoints, AreThoseOfHipsAndLegs) {
  EXPECT_THAT(lower_joints(std::vector<std::string>{"nose", "left_hip", "right knee", "ankle", "left_wrist"}),
              testing::ElementsAre(false, true, true, true, false));
}

}  // namespace
}  // namespace glid
