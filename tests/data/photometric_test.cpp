#include "glid/data/photometric.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "support/noise_image.h"

namespace glid {
namespace {

// Recorded from OpenCV 5.0, cvtColor on 8 bits.
TEST(HsvOf, EqualsOpenCv) {
  const std::vector<std::pair<RgbBytes, HsvBytes>> recorded = {
      {{200, 30, 70}, {173, 217, 200}}, {{10, 250, 90}, {70, 245, 250}}, {{40, 60, 220}, {117, 209, 220}},
      {{128, 128, 128}, {0, 0, 128}},   {{255, 0, 1}, {0, 255, 255}},    {{0, 0, 0}, {0, 0, 0}},
      {{13, 12, 14}, {135, 36, 14}},    {{255, 255, 254}, {30, 1, 255}}};
  for (const auto& [rgb, hsv] : recorded) EXPECT_EQ(hsv_of(rgb), hsv);
}

TEST(RgbOf, EqualsOpenCv) {
  const std::vector<std::pair<HsvBytes, RgbBytes>> recorded = {
      {{0, 255, 255}, {255, 0, 0}}, {{29, 100, 200}, {200, 197, 122}},  {{45, 37, 90}, {83, 90, 77}},
      {{77, 255, 13}, {0, 13, 7}},  {{101, 128, 255}, {127, 208, 255}}, {{179, 200, 7}, {7, 2, 2}},
      {{150, 0, 99}, {99, 99, 99}}, {{118, 250, 249}, {5, 21, 249}}};
  for (const auto& [hsv, rgb] : recorded) EXPECT_EQ(rgb_of(hsv), rgb);
}

// The formulas of OpenCV's "Color conversions".
double documented_hue(const RgbBytes& rgb) {
  const double r = rgb[0], g = rgb[1], b = rgb[2], most = std::max({r, g, b}), range = most - std::min({r, g, b});
  if (range == 0) return 0;
  const double degrees = most == r   ? 60 * (g - b) / range
                         : most == g ? 120 + 60 * (b - r) / range
                                     : 240 + 60 * (r - g) / range;
  return (degrees < 0 ? degrees + 360 : degrees) / 2;
}

TEST(HsvOf, FollowsTheFormulas) {
  for (int r = 0; r < 256; r += 5) {
    for (int g = 0; g < 256; g += 3) {
      for (int b = 0; b < 256; b += 5) {
        const RgbBytes rgb{static_cast<uint8_t>(r), static_cast<uint8_t>(g), static_cast<uint8_t>(b)};
        const HsvBytes hsv = hsv_of(rgb);
        const int most = std::max({r, g, b}), least = std::min({r, g, b});
        EXPECT_LT(std::abs(std::remainder(hsv[0] - documented_hue(rgb), 180)), 0.66);  // tables in fixed point
        EXPECT_NEAR(hsv[1], most == 0 ? 0 : 255.0 * (most - least) / most, 0.52);
        EXPECT_EQ(hsv[2], most);
      }
    }
  }
}

// f(n) = v - v s max(0, min(k, 4 - k, 1)), k = (n + h / 60) mod 6, for n = 5, 3, 1.
TEST(RgbOf, FollowsTheFormulas) {
  for (int h = 0; h < 180; ++h) {
    for (int s = 0; s < 256; s += 5) {
      for (int v = 0; v < 256; v += 3) {
        const RgbBytes rgb = rgb_of({static_cast<uint8_t>(h), static_cast<uint8_t>(s), static_cast<uint8_t>(v)});
        for (size_t c = 0; c < 3; ++c) {
          const double k = std::fmod(5.0 - 2.0 * static_cast<double>(c) + h / 30.0, 6);
          EXPECT_NEAR(rgb[c], v - v * (s / 255.0) * std::clamp(std::min(k, 4 - k), 0.0, 1.0), 0.5001);
        }
      }
    }
  }
}

// Recorded from Pillow 13.0, ImageEnhance on an image of 3 x 2 pixels.
TEST(ScaleColours, EqualsPillow) {
  const Image image{2, 3, {200, 30, 70, 10, 250, 90, 40, 60, 220, 128, 128, 128, 255, 0, 1, 13, 12, 14}};
  struct Recorded {
    Image (*change)(const Image&, double);
    double factor;
    std::vector<uint8_t> pixels;
  };
  for (const Recorded& recorded : {
           Recorded{scale_brightness, 0.6, {120, 18, 42, 6, 150, 54, 24, 36, 132, 76, 76, 76, 153, 0, 0, 7, 7, 8}},
           Recorded{scale_brightness, 1.37, {255, 41, 95, 13, 255, 123, 54, 82, 255, 175, 175, 175, 255, 0, 1, 17, 16, 19}},
           Recorded{scale_contrast, 0.6, {155, 53, 77, 41, 185, 89, 59, 71, 167, 112, 112, 112, 188, 35, 36, 43, 42, 44}},
           Recorded{scale_contrast, 1.37, {241, 8, 62, 0, 255, 90, 21, 49, 255, 142, 142, 142, 255, 0, 0, 0, 0, 0}},
           Recorded{scale_saturation, 0.6, {154, 52, 76, 70, 214, 118, 52, 64, 160, 128, 128, 128, 183, 30, 31, 13, 12, 13}},
           Recorded{scale_saturation, 1.37, {242, 9, 64, 0, 255, 64, 28, 55, 255, 128, 128, 128, 255, 0, 0, 13, 11, 14}},
       })
    EXPECT_EQ(recorded.change(image, recorded.factor).pixels, recorded.pixels) << recorded.factor;
}

TEST(JitterLight, IsAFunctionOfItsDrawsAndOfItsStrength) {
  const Image image = noise_image(9, 7, 1);
  std::set<std::vector<uint8_t>> results;
  for (uint64_t id = 0; id < 50; ++id) {
    Rng rng(1, 0, id, RandomOp::kColour), again(1, 0, id, RandomOp::kColour), none(1, 0, id, RandomOp::kColour);
    const Image changed = jitter_light(image, 0.4, rng);
    EXPECT_EQ(changed, jitter_light(image, 0.4, again));
    EXPECT_EQ(image, jitter_light(image, 0, none));
    results.insert(changed.pixels);
    Rng grey(1, 0, id, RandomOp::kColour);
    const uint8_t light = jitter_light(Image::filled(1, 1, 100), 0.4, grey).pixels[0];  // brightness alone changes it
    EXPECT_GE(light, 59);
    EXPECT_LE(light, 140);
  }
  EXPECT_EQ(results.size(), 50u);
}

TEST(JitterColours, IsAFunctionOfItsDraws) {
  const Image image = noise_image(9, 7, 1);
  std::set<std::vector<uint8_t>> results;
  int unchanged = 0;
  for (uint64_t id = 0; id < 200; ++id) {
    Rng rng(1, 0, id, RandomOp::kColour), again(1, 0, id, RandomOp::kColour);
    const Image changed = jitter_colours(image, rng);
    EXPECT_EQ(changed, jitter_colours(image, again));
    EXPECT_EQ(std::pair(changed.height, changed.width), std::pair(image.height, image.width));
    unchanged += changed == image;
    results.insert(changed.pixels);
  }
  EXPECT_NEAR(unchanged, 12.5, 12);  // a sixteenth
  EXPECT_GE(results.size(), 170);
}

// Grey stays grey: hue and saturation don't change it.
TEST(JitterColours, KeepsGreyGrey) {
  for (uint64_t id = 0; id < 50; ++id) {
    Rng rng(1, 0, id, RandomOp::kColour);
    const Image changed = jitter_colours(Image::filled(1, 1, 100), rng);
    EXPECT_EQ(changed.pixels[0], changed.pixels[1]);
    EXPECT_EQ(changed.pixels[0], changed.pixels[2]);
    EXPECT_GE(changed.pixels[0], 34);   // (100 - 32) / 2
    EXPECT_LE(changed.pixels[0], 198);  // (100 + 32) * 1.5
  }
}

}  // namespace
}  // namespace glid
