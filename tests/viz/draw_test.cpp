#include "glid/viz/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "glid/data/scenes.h"
#include "glid/viz/contact_sheet.h"

namespace glid {
namespace {

Rgb pixel(const Image& image, int64_t x, int64_t y) {
  Rgb color{};
  std::copy_n(image.row(y) + 3 * x, 3, color.begin());
  return color;
}

constexpr Rgb kGrey = {100, 100, 100}, kRed = {200, 0, 0};

TEST(Draw, ClassColorsDiffer) {
  std::set<Rgb> colors;
  for (int64_t i = 0; i < 150; ++i) colors.insert(class_color(i));
  EXPECT_GT(colors.size(), 140u);
  EXPECT_EQ(class_color(7), class_color(7));
}

TEST(Draw, ABoxIsItsBorder) {
  Image image = Image::filled(20, 20, 100);
  draw_box(image, {3, 4, 10, 12}, kRed, "");
  EXPECT_EQ(pixel(image, 3, 4), kRed);
  EXPECT_EQ(pixel(image, 9, 11), kRed);
  EXPECT_EQ(pixel(image, 10, 11), kGrey);
  EXPECT_EQ(pixel(image, 5, 6), kGrey);
  draw_box(image, {-1e12, -5, 1e12, 18}, kRed, "far");
  EXPECT_EQ(pixel(image, 19, 17), kRed);
}

TEST(Draw, AMaskIsBlended) {
  Image image = Image::filled(2, 3, 100);
  tint_mask(image, {2, 3, {2, 3, 1}}, kRed, 0.5);
  EXPECT_EQ(pixel(image, 0, 1), kGrey);
  EXPECT_EQ(pixel(image, 1, 0), (Rgb{150, 50, 50}));
  EXPECT_EQ(pixel(image, 2, 0), (Rgb{150, 50, 50}));
  EXPECT_EQ(pixel(image, 2, 1), kGrey);
  EXPECT_THROW(tint_mask(image, {3, 2, {6}}, kRed, 0.5), std::invalid_argument);
}

TEST(Draw, IgnoredLabelsStay) {
  Image image = Image::filled(1, 2, 100);
  tint_labels(image, std::vector<uint16_t>{3, kIgnoreLabel}, 1);
  EXPECT_EQ(pixel(image, 0, 0), class_color(3));
  EXPECT_EQ(pixel(image, 1, 0), kGrey);
  EXPECT_THROW(tint_labels(image, std::vector<uint16_t>{3}, 1), std::invalid_argument);
}

TEST(Draw, JointsAndLimbs) {
  Image image = Image::filled(30, 40, 100);
  const std::vector<Keypoint> joints = {{5, 10, Visibility::kVisible}, {25, 10, Visibility::kHidden}, {15, 25}};
  draw_keypoints(image, joints, std::vector<Vocabulary::Limb>{{0, 1}, {0, 2}, {1, 9}, {-1, 0}}, kRed);
  EXPECT_EQ(pixel(image, 5, 10), kRed);
  EXPECT_GT(pixel(image, 15, 10)[0], 180);
  EXPECT_EQ(pixel(image, 15, 25), kGrey);
  EXPECT_EQ(pixel(image, 10, 18), kGrey);
}

TEST(ContactSheet, OfScenes) {
  const Scenes scenes({1, 40, 64}, Split::kVal);
  EXPECT_EQ(draw_sample(scenes.get(0), scenes.vocabulary(), 32).size(), 4u);
  EXPECT_EQ(draw_sample(scenes.get(0), scenes.vocabulary(), 32)[3].width, 32);
  const Image sheet = contact_sheet(scenes, {.count = 16, .seed = 3, .side_px = 64});
  EXPECT_EQ(sheet.width, 4 * 70 + 6);
  EXPECT_EQ(sheet.height, 4 * 70 + 6);
  EXPECT_EQ(sheet, contact_sheet(scenes, {.count = 4, .seed = 3, .side_px = 64}));
  EXPECT_NE(sheet, contact_sheet(scenes, {.count = 4, .seed = 4, .side_px = 64}));
  EXPECT_THROW(contact_sheet(scenes, {.count = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace glid
