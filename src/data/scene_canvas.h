// What all kinds of generated scenes paint with: colours, noise, and a canvas that knows what each pixel shows.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "glid/core/rng.h"
#include "glid/data/sample.h"

namespace glid::scene {

inline constexpr float kPi = std::numbers::pi_v<float>;
inline constexpr float kNearestObject = 1.0f, kFarthestObject = 5.0f, kNearestBackground = 6.0f;  // metres

struct Vec2 {
  float x = 0, y = 0;
};
inline Vec2 rotated(Vec2 v, Vec2 axis) { return {v.x * axis.x - v.y * axis.y, v.x * axis.y + v.y * axis.x}; }
inline Vec2 direction(float angle) { return {std::cos(angle), std::sin(angle)}; }

inline float blend(float a, float b, float t) { return a + (b - a) * t; }
inline float smooth_step(float t) { return t * t * (3 - 2 * t); }

struct Colour {
  float r = 0, g = 0, b = 0;  // 0 to 1
};
inline Colour mix(const Colour& a, const Colour& b, float t) {
  return {blend(a.r, b.r, t), blend(a.g, b.g, t), blend(a.b, b.b, t)};
}
inline Colour scaled(const Colour& c, float factor) { return {c.r * factor, c.g * factor, c.b * factor}; }
Colour from_hsv(float hue_degrees, float saturation, float value);

inline float uniform(Rng& rng, float low, float high) { return static_cast<float>(rng.uniform(low, high)); }
inline int64_t below(Rng& rng, int64_t bound) { return static_cast<int64_t>(rng.below(static_cast<uint64_t>(bound))); }

// Values at the corners of a grid that repeats, with smooth transitions in between.
class Noise {
 public:
  explicit Noise(Rng& rng) {
    for (float& value : values_) value = uniform(rng, 0, 1);
  }
  float at(Vec2 p) const {
    const float x0 = std::floor(p.x), y0 = std::floor(p.y);
    const float tx = smooth_step(p.x - x0), ty = smooth_step(p.y - y0);
    const int x = static_cast<int>(x0), y = static_cast<int>(y0);
    const float top = blend(corner(x, y), corner(x + 1, y), tx);
    return blend(top, blend(corner(x, y + 1), corner(x + 1, y + 1), tx), ty);
  }

 private:
  static constexpr size_t kSide = 8;  // a power of two, over which the values repeat
  static size_t wrap(int i) { return static_cast<size_t>(i) & (kSide - 1); }
  float corner(int x, int y) const { return values_[wrap(y) * kSide + wrap(x)]; }
  std::array<float, kSide * kSide> values_;
};

// The picture while it is painted, far to near.
struct Canvas {
  int64_t size;
  std::vector<Colour> colours;
  std::vector<float> depths;
  std::vector<int> owners;  // index of the object seen, -1 for the background

  explicit Canvas(int64_t size_px);  // black, all of it background
  size_t index(int64_t x, int64_t y) const { return static_cast<size_t>(y * size + x); }
  // The middle of a pixel as a part of the picture.
  Vec2 place(int64_t x, int64_t y) const {
    return {(static_cast<float>(x) + 0.5f) / static_cast<float>(size),
            (static_cast<float>(y) + 0.5f) / static_cast<float>(size)};
  }
};

Image to_image(const Canvas& canvas);

// Mask and box of the pixels that `owner` shows; area 0 when there are none.
Instance visible_part(const Canvas& canvas, int owner, int64_t category);
// kVisible where the pixel at the point is the owner's, kHidden where it is another's, kUnlabelled outside of the picture.
Keypoint keypoint_at(Vec2 p, int owner, const Canvas& canvas);
// Labels, segments and depths of a canvas whose owners are of these categories. In both kinds of classes the background is 0
// and the category c is c + 1; the background's segment is 1, that of owner i is i + 2.
void describe_pixels(const Canvas& canvas, const std::vector<int64_t>& categories, Targets& targets);

}  // namespace glid::scene
