#include "glid/data/transforms.h"

#include <gtest/gtest.h>

#include <cmath>

#include "glid/core/crc32c.h"
#include "glid/core/error.h"
#include "glid/formats/resize.h"
#include "write_images.h"

namespace glid {
namespace {

Image train_image(const Image& image, const SampleKey& key, int64_t size_px) {
  return place_image(image, pretraining_placement(image.height, image.width, key, size_px), Filter::kBicubic);
}

Image eval_image(const Image& image, int64_t size_px) {
  return place_image(image, centre_placement(image.height, image.width, size_px), Filter::kBicubic);
}

TEST(RandomCropBox, KeepsAreaRatioAndPlaceInRange) {
  Rng rng(1, 0, 0, RandomOp::kCrop);
  double area_sum = 0, log_ratio_sum = 0, top_sum = 0;
  constexpr int kDraws = 4000;
  constexpr int64_t kHeight = 400, kWidth = 400;
  for (int i = 0; i < kDraws; ++i) {
    const CropBox box = random_crop_box(kHeight, kWidth, rng);
    ASSERT_GE(box.top, 0);
    ASSERT_GE(box.left, 0);
    ASSERT_LE(box.top + box.height, kHeight);
    ASSERT_LE(box.left + box.width, kWidth);
    const double area = double(box.height * box.width) / (kHeight * kWidth);
    const double ratio = double(box.width) / double(box.height);
    ASSERT_GE(area, 0.195);
    ASSERT_GE(ratio, 0.74);
    ASSERT_LE(ratio, 1.35);
    area_sum += area, log_ratio_sum += std::log(ratio);
    top_sum += double(box.top) / std::max<double>(1, double(kHeight - box.height));
  }
  // Large areas fit with few ratios only: the mean is (7/32 - L/25) / 2 / (1/4 - L/5), L = log(4/3).
  EXPECT_NEAR(area_sum / kDraws, 0.538, 0.015);
  EXPECT_NEAR(log_ratio_sum / kDraws, 0, 0.015);
  EXPECT_NEAR(top_sum / kDraws, 0.5, 0.03);
}

TEST(RandomCropBox, FallsBackToTheCentre) {
  Rng rng(1, 0, 0, RandomOp::kCrop);
  EXPECT_EQ(random_crop_box(10, 1000, rng), (CropBox{0, 493, 10, 13}));  // 13.3 wide
  EXPECT_EQ(random_crop_box(1000, 10, rng), (CropBox{493, 0, 13, 10}));
  EXPECT_EQ(random_crop_box(1, 1, rng), (CropBox{0, 0, 1, 1}));
}

TEST(TrainImage, IsAFunctionOfTheKey) {
  const Image image = numbered_image(1, 60, 80);
  const Image first = train_image(image, {1, 2, 3}, 32);
  EXPECT_EQ(first.height, 32);
  EXPECT_EQ(first.width, 32);
  EXPECT_EQ(first, train_image(image, {1, 2, 3}, 32));
  EXPECT_NE(first, train_image(image, {2, 2, 3}, 32));
  EXPECT_NE(first, train_image(image, {1, 3, 3}, 32));
  EXPECT_NE(first, train_image(image, {1, 2, 4}, 32));
}

// numbered_image grows from left to right.
TEST(TrainImage, FlipsHalfOfTheTime) {
  const Image image = numbered_image(1, 60, 80);
  int flipped = 0;
  for (int64_t id = 0; id < 400; ++id) {
    const Image out = train_image(image, {1, 0, id}, 16);
    flipped += out.row(8)[0] > out.row(8)[15 * 3];
  }
  EXPECT_NEAR(flipped, 200, 45);  // 4.5 standard deviations
}

TEST(TrainImage, TheFilterSeesOnlyTheCrop) {
  Image image = numbered_image(1, 60, 80);
  const SampleKey key{1, 0, 5};
  Rng rng(key.seed, 0, 5, RandomOp::kCrop);
  const CropBox box = random_crop_box(60, 80, rng);
  const Image before = train_image(image, key, 32);
  for (int64_t y = 0; y < 60; ++y) {
    for (int64_t x = 0; x < 80; ++x) {
      const bool inside = y >= box.top && y < box.top + box.height && x >= box.left && x < box.left + box.width;
      if (!inside) image.row(y)[3 * x] ^= 0xFF;
    }
  }
  EXPECT_EQ(before, train_image(image, key, 32));
}

Image part(const Image& image, const CropBox& box) {
  Image out{box.height, box.width, {}};
  for (int64_t y = box.top; y < box.top + box.height; ++y)
    out.pixels.insert(out.pixels.end(), image.row(y) + 3 * box.left, image.row(y) + 3 * (box.left + box.width));
  return out;
}

TEST(EvalImage, IsTheCentreOfTheResizedImage) {
  const Image wide = numbered_image(1, 100, 200);
  // 224 -> short side 256, so 256 x 512; the centre starts at (16, 144).
  const Image resized = resize(wide, 256, 512, Filter::kBicubic);
  EXPECT_EQ(eval_image(wide, 224), part(resized, {16, 144, 224, 224}));
  // 96 -> int(109.7) = 109; (109 - 96) / 2 = 6.5 rounds to the even 6; 109 * 133 / 100 = 144.97 is cut to 144.
  const Image tall = numbered_image(1, 133, 100);
  EXPECT_EQ(eval_image(tall, 96), part(resize(tall, 144, 109, Filter::kBicubic), {24, 6, 96, 96}));
}

Image noise(int64_t height, int64_t width) {
  Rng rng(3, 0, static_cast<uint64_t>(width), RandomOp::kExample);
  Image image = Image::filled(height, width, 0);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(rng.below(256));
  return image;
}

uint32_t continue_crc(const Image& image, uint32_t crc) { return crc32c(image.pixels.data(), image.pixels.size(), crc); }

// Recorded when crop, resize and flip were called one after the other, without a Placement.
TEST(Transforms, BitsAreAsRecorded) {
  uint32_t train = 0, eval = 0;
  for (const auto& [height, width] : {std::pair{60, 80}, {133, 100}, {37, 301}, {400, 640}}) {
    const Image image = noise(height, width);
    for (const int64_t size_px : {32, 96, 224}) {
      for (int64_t id = 0; id < 6; ++id) train = continue_crc(train_image(image, {1, 2, id}, size_px), train);
      eval = continue_crc(eval_image(image, size_px), eval);
    }
  }
  EXPECT_EQ(train, 4221667206u);
  EXPECT_EQ(eval, 3317801410u);
}

TEST(EvalImage, RefusesSlivers) { EXPECT_THROW(eval_image(Image::filled(1, 100000, 9), 224), DataError); }

}  // namespace
}  // namespace glid
