#include <algorithm>
#include <array>
#include <cmath>

#include "glid/data/scenes.h"
#include "scene_kinds.h"
#include "scene_objects.h"

namespace glid::scene {
namespace {

constexpr int kMaxObjects = 4, kPlacementTries = 20;
constexpr float kHueReach = 12, kTilt = kPi / 6;
constexpr float kMaxCovered = 0.25f;  // of the smaller of two boxes
constexpr std::array<float, kSceneClasses.size()> kHues = {0, 55, 120, 180, 235, 300};

// How far an object's second colour shows: every class has a pattern of its own.
float pattern(Shape shape, Vec2 p) {
  const auto bar = [](float v) { return std::sin(3.5f * kPi * v) > 0 ? 1.0f : 0.0f; };
  switch (shape) {
    case Shape::kCross: return 0;
    case Shape::kDiamond: return bar(p.y);
    case Shape::kEllipse: return bar(p.x);
    case Shape::kRectangle: return bar(p.x) == bar(p.y) ? 1.0f : 0.0f;
    case Shape::kStar: return p.x * p.x + p.y * p.y < 0.09f ? 1.0f : 0.0f;
    case Shape::kTriangle: break;
  }
  return std::clamp(0.5f + 0.5f * p.y, 0.0f, 1.0f);
}

// The part of the smaller of two squares around the objects that the other covers.
float covered(const Object& a, const Object& b) {
  const auto shared = [](float ca, float ra, float cb, float rb) {
    return std::max(0.0f, std::min(ca + ra, cb + rb) - std::max(ca - ra, cb - rb));
  };
  const float ra = a.half_size.x, rb = b.half_size.x, smaller = std::min(ra, rb);
  return shared(a.centre.x, ra, b.centre.x, rb) * shared(a.centre.y, ra, b.centre.y, rb) / (4 * smaller * smaller);
}

Object draw_object(Rng& rng, float size_px, const DepthSlice& slice) {
  const auto shape = static_cast<Shape>(below(rng, std::ssize(kSceneClasses)));
  const float radius = uniform(rng, 0.1f, 0.25f) * size_px;
  const Vec2 centre = {uniform(rng, radius, size_px - radius), uniform(rng, radius, size_px - radius)};
  const float hue = kHues[static_cast<size_t>(shape)] + uniform(rng, -kHueReach, kHueReach);
  const float saturation = uniform(rng, 0.65f, 1.0f), value = uniform(rng, 0.65f, 0.95f);
  return {shape,
          centre,
          direction(uniform(rng, -kTilt, kTilt)),
          {radius, radius * uniform(rng, 0.85f, 1.0f)},
          slice.depth,
          slice.height * uniform(rng, 0.3f, 0.9f),
          from_hsv(hue, saturation, value),
          from_hsv(hue, 0.8f * saturation, 0.45f * value),
          [shape](Vec2 p) { return pattern(shape, p); }};
}

// Where no place of several tried is free enough, the object is left out.
std::vector<Object> draw_objects(Rng& rng, float size_px) {
  const int count = 1 + static_cast<int>(below(rng, kMaxObjects));
  std::vector<Object> objects;
  for (int i = 0; i < count; ++i) {
    for (int attempt = 0; attempt < kPlacementTries; ++attempt) {
      Object object = draw_object(rng, size_px, depth_slice(i, count));
      const auto is_free = [&](const Object& other) { return covered(object, other) <= kMaxCovered; };
      if (!std::ranges::all_of(objects, is_free)) continue;
      objects.push_back(std::move(object));
      break;
    }
  }
  return objects;
}

// Two pale colours, mixed by smooth noise or in stripes; a plane that leans back.
Canvas draw_background(Rng& rng, int64_t size_px) {
  const auto pale = [&] { return from_hsv(uniform(rng, 0, 360), uniform(rng, 0.03f, 0.2f), uniform(rng, 0.7f, 1.0f)); };
  const Colour first = pale(), second = pale();
  const bool striped = below(rng, 2) == 0;
  const Vec2 axis = direction(uniform(rng, 0, 2 * kPi));
  const float frequency = uniform(rng, 2, 6), slope = uniform(rng, -1, 1);
  const Noise noise(rng);
  Canvas canvas(size_px);
  for (int64_t y = 0; y < size_px; ++y) {
    for (int64_t x = 0; x < size_px; ++x) {
      const Vec2 p = canvas.place(x, y);
      const float wave = 0.5f + 0.5f * std::sin(2 * kPi * frequency * (p.x * axis.x + p.y * axis.y));
      const float share = striped ? smooth_step(wave) : noise.at({frequency * p.x, frequency * p.y});
      canvas.colours[canvas.index(x, y)] = mix(first, second, share);
      canvas.depths[canvas.index(x, y)] = kNearestBackground + 2 * (1 - p.y) + slope * (p.x - 0.5f) + 0.5f;
    }
  }
  return canvas;
}

}  // namespace

Drawn draw_classes(Rng& rng, int64_t size_px) {
  const Vec2 light = direction(uniform(rng, 0, 2 * kPi));
  Canvas canvas = draw_background(rng, size_px);
  const std::vector<Object> objects = draw_objects(rng, static_cast<float>(size_px));
  for (int i = 0; i < std::ssize(objects); ++i) paint_object(objects[static_cast<size_t>(i)], i, light, canvas);
  return {to_image(canvas), describe_objects(objects, canvas)};
}

}  // namespace glid::scene
