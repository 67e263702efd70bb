#include <algorithm>
#include <array>

#include "glid/data/scenes.h"
#include "scene_kinds.h"
#include "scene_objects.h"

namespace glid::scene {
namespace {

constexpr int kMinObjects = 2, kMaxObjects = 5;

enum class Pattern { kPlain, kStripes, kChecks, kDots, kGradient, kNoise };
constexpr int kNumPatterns = 6;

Colour draw_colour(Rng& rng) { return {uniform(rng, 0.1f, 0.95f), uniform(rng, 0.1f, 0.95f), uniform(rng, 0.1f, 0.95f)}; }
// A colour not far from `c`: textures are weaker than the edges of objects.
Colour draw_shade(Rng& rng, const Colour& c, float reach) {
  const auto near = [&](float value) { return std::clamp(value + uniform(rng, -reach, reach), 0.02f, 0.98f); };
  return {near(c.r), near(c.g), near(c.b)};
}

// How far a texture's second colour shows, 0 to 1, over coordinates of which one object is [-1, 1].
class Texture {
 public:
  explicit Texture(Rng& rng)
      : noise_(rng),
        pattern_(static_cast<Pattern>(below(rng, kNumPatterns))),
        axis_(direction(uniform(rng, 0, 2 * kPi))),
        phase_{uniform(rng, 0, 8), uniform(rng, 0, 8)},
        frequency_(uniform(rng, 0.6f, 2.0f)) {}

  float at(Vec2 p) const {
    const Vec2 q = rotated(p, axis_);
    const Vec2 wave = {(q.x + phase_.x) * frequency_ * kPi, (q.y + phase_.y) * frequency_ * kPi};
    switch (pattern_) {
      case Pattern::kPlain: return 0.5f;
      case Pattern::kStripes: return 0.5f + 0.5f * std::sin(wave.x);
      case Pattern::kChecks: return 0.5f + 0.5f * std::clamp(3 * std::sin(wave.x) * std::sin(wave.y), -1.0f, 1.0f);
      case Pattern::kDots: return smooth_step(std::clamp(1.5f * std::sin(wave.x) * std::sin(wave.y), 0.0f, 1.0f));
      case Pattern::kGradient: return std::clamp(0.5f + 0.5f * q.x, 0.0f, 1.0f);
      case Pattern::kNoise: break;
    }
    return noise_.at({(q.x + phase_.x) * frequency_, (q.y + phase_.y) * frequency_});
  }

 private:
  Noise noise_;
  Pattern pattern_;
  Vec2 axis_, phase_;
  float frequency_;
};

Object draw_object(Rng& rng, float size_px, float depth, float bulge) {
  const auto shape = static_cast<Shape>(below(rng, std::ssize(kSceneClasses)));
  const Vec2 centre = {uniform(rng, 0.1f, 0.9f) * size_px, uniform(rng, 0.1f, 0.9f) * size_px};
  const Vec2 axis = direction(uniform(rng, 0, 2 * kPi));
  const float radius = uniform(rng, 0.14f, 0.34f) * size_px, stretch = uniform(rng, 0.75f, 1.0f);
  const Colour first = draw_colour(rng);
  const Colour second = draw_shade(rng, first, 0.45f);
  return {shape, centre, axis, {radius, radius * stretch}, depth, bulge, first, second, [texture = Texture(rng)](Vec2 p) {
            return texture.at(p);
          }};
}

// Four corner colours, a texture over them, light from one side.
struct Background {
  std::array<Colour, 4> corners;
  Colour tint;
  float tint_share;
  Texture texture;
  Noise clouds;
  Vec2 depth_slope;  // metres over the whole image

  Colour colour(Vec2 p) const {  // p in [0, 1]
    const Colour base = mix(mix(corners[0], corners[1], p.x), mix(corners[2], corners[3], p.x), p.y);
    const float texture_share = tint_share * texture.at({3 * p.x, 3 * p.y});
    return scaled(mix(base, tint, texture_share), 0.8f + 0.4f * clouds.at({2.5f * p.x, 2.5f * p.y}));
  }
  float depth(Vec2 p) const { return kNearestBackground + 2 + depth_slope.x * (p.x - 0.5f) + depth_slope.y * (p.y - 0.5f); }
};

Background draw_background(Rng& rng) {
  const Colour base = draw_colour(rng);
  std::array<Colour, 4> corners;
  for (Colour& corner : corners) corner = draw_shade(rng, base, 0.35f);
  const Colour tint = draw_shade(rng, base, 0.4f);
  const float share = uniform(rng, 0.2f, 0.6f);
  return {corners, tint, share, Texture(rng), Noise(rng), {uniform(rng, -2, 2), uniform(rng, -2, 2)}};
}

Canvas paint_background(const Background& background, Vec2 light, int64_t size) {
  Canvas canvas(size);
  for (int64_t y = 0; y < size; ++y) {
    for (int64_t x = 0; x < size; ++x) {
      const Vec2 p = canvas.place(x, y);
      const float brightness = 1 + 0.5f * (light.x * (p.x - 0.5f) + light.y * (p.y - 0.5f));
      canvas.colours[canvas.index(x, y)] = scaled(background.colour(p), brightness);
      canvas.depths[canvas.index(x, y)] = background.depth(p);
    }
  }
  return canvas;
}

std::vector<Object> draw_objects(Rng& rng, float size_px) {
  const int count = kMinObjects + static_cast<int>(below(rng, kMaxObjects - kMinObjects + 1));
  std::vector<Object> objects;
  for (int i = 0; i < count; ++i) {
    const DepthSlice slice = depth_slice(i, count);
    objects.push_back(draw_object(rng, size_px, slice.depth, slice.height * uniform(rng, 0.3f, 0.9f)));
  }
  return objects;
}

}  // namespace

Drawn draw_plain(Rng& rng, int64_t size_px) {
  const Vec2 light = direction(uniform(rng, 0, 2 * kPi));
  const Background background = draw_background(rng);
  const std::vector<Object> objects = draw_objects(rng, static_cast<float>(size_px));
  Canvas canvas = paint_background(background, light, size_px);
  for (int i = 0; i < std::ssize(objects); ++i) paint_object(objects[static_cast<size_t>(i)], i, light, canvas);
  return {to_image(canvas), describe_objects(objects, canvas)};
}

}  // namespace glid::scene
