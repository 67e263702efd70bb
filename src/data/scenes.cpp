#include "glid/data/scenes.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "glid/core/format.h"
#include "glid/core/rng.h"
#include "glid/data/inspection.h"
#include "sample_files.h"

namespace glid {
namespace {

constexpr int64_t kFirstValidationScene = int64_t{1} << 40;
constexpr int kGeneratorVersion = 1;  // raise it when scenes change: part of the fingerprint
constexpr int kMinObjects = 2, kMaxObjects = 5;
constexpr float kNearestObject = 1.0f, kFarthestObject = 5.0f, kNearestBackground = 6.0f;
constexpr float kPi = std::numbers::pi_v<float>;

enum class Shape : int64_t { kCross, kDiamond, kEllipse, kRectangle, kStar, kTriangle };  // as kSceneClasses
enum class Pattern { kPlain, kStripes, kChecks, kDots, kGradient, kNoise };
constexpr int kNumPatterns = 6;

struct Vec2 {
  float x = 0, y = 0;
};
Vec2 rotated(Vec2 v, Vec2 axis) { return {v.x * axis.x - v.y * axis.y, v.x * axis.y + v.y * axis.x}; }
Vec2 direction(float angle) { return {std::cos(angle), std::sin(angle)}; }

float blend(float a, float b, float t) { return a + (b - a) * t; }

struct Colour {
  float r = 0, g = 0, b = 0;  // 0 to 1
};
Colour mix(const Colour& a, const Colour& b, float t) {
  return {blend(a.r, b.r, t), blend(a.g, b.g, t), blend(a.b, b.b, t)};
}
Colour scaled(const Colour& c, float factor) { return {c.r * factor, c.g * factor, c.b * factor}; }

float uniform(Rng& rng, float low, float high) { return static_cast<float>(rng.uniform(low, high)); }
int64_t below(Rng& rng, int64_t bound) { return static_cast<int64_t>(rng.below(static_cast<uint64_t>(bound))); }

Colour draw_colour(Rng& rng) { return {uniform(rng, 0.1f, 0.95f), uniform(rng, 0.1f, 0.95f), uniform(rng, 0.1f, 0.95f)}; }
// A colour not far from `c`: textures are weaker than the edges of objects.
Colour draw_shade(Rng& rng, const Colour& c, float reach) {
  const auto near = [&](float value) { return std::clamp(value + uniform(rng, -reach, reach), 0.02f, 0.98f); };
  return {near(c.r), near(c.g), near(c.b)};
}

float smooth_step(float t) { return t * t * (3 - 2 * t); }

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

// The gauge of a shape: below 1 inside, 1 on the outline, and gauge(k * p) = k * gauge(p).
float gauge(Shape shape, Vec2 p) {
  const float x = std::abs(p.x), y = std::abs(p.y);
  const auto triangle = [x](float v) { return std::max(2 * v, std::numbers::sqrt3_v<float> * x - v); };
  switch (shape) {
    case Shape::kCross: return std::min(std::max(x, 3 * y), std::max(3 * x, y));
    case Shape::kDiamond: return x + y;
    case Shape::kEllipse: return std::sqrt(x * x + y * y);
    case Shape::kRectangle: return std::max(x, y) * 1.15f;
    case Shape::kStar:  // two triangles
      return std::min(triangle(p.y), triangle(-p.y));
    case Shape::kTriangle: break;
  }
  return triangle(p.y);
}

// A shape that bulges towards the camera.
struct Object {
  Shape shape;
  Vec2 centre, axis, half_size;  // pixels; `axis` is the direction of the local x
  float depth, bulge;            // metres, of the outline and from there to the centre
  Colour first, second;
  Texture texture;

  Vec2 to_local(Vec2 p) const {
    const Vec2 q = rotated({p.x - centre.x, p.y - centre.y}, {axis.x, -axis.y});
    return {q.x / half_size.x, q.y / half_size.y};
  }
  Vec2 to_image(Vec2 local) const {
    const Vec2 q = rotated({local.x * half_size.x, local.y * half_size.y}, axis);
    return {q.x + centre.x, q.y + centre.y};
  }
};

Object draw_object(Rng& rng, float size_px, float depth, float bulge) {
  const auto shape = static_cast<Shape>(below(rng, std::ssize(kSceneClasses)));
  const Vec2 centre = {uniform(rng, 0.1f, 0.9f) * size_px, uniform(rng, 0.1f, 0.9f) * size_px};
  const Vec2 axis = direction(uniform(rng, 0, 2 * kPi));
  const float radius = uniform(rng, 0.14f, 0.34f) * size_px, stretch = uniform(rng, 0.75f, 1.0f);
  const Colour first = draw_colour(rng);
  return {shape, centre, axis, {radius, radius * stretch}, depth, bulge, first, draw_shade(rng, first, 0.45f), Texture(rng)};
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

// The picture while it is painted, far to near.
struct Canvas {
  int64_t size;
  std::vector<Colour> colours;
  std::vector<float> depths;
  std::vector<int> owners;  // index of the object seen, -1 for the background

  size_t index(int64_t x, int64_t y) const { return static_cast<size_t>(y * size + x); }
};

Canvas paint_background(const Background& background, Vec2 light, int64_t size) {
  const auto pixels = static_cast<size_t>(size * size);
  Canvas canvas{size, std::vector<Colour>(pixels), std::vector<float>(pixels), std::vector<int>(pixels, -1)};
  for (int64_t y = 0; y < size; ++y) {
    for (int64_t x = 0; x < size; ++x) {
      const Vec2 p = {(static_cast<float>(x) + 0.5f) / static_cast<float>(size),
                      (static_cast<float>(y) + 0.5f) / static_cast<float>(size)};
      const float brightness = 1 + 0.5f * (light.x * (p.x - 0.5f) + light.y * (p.y - 0.5f));
      canvas.colours[canvas.index(x, y)] = scaled(background.colour(p), brightness);
      canvas.depths[canvas.index(x, y)] = background.depth(p);
    }
  }
  return canvas;
}

// Paints over what is farther. A pixel belongs to the object when its centre lies inside; only its colour is blended.
void paint_object(const Object& object, int owner, Vec2 light, Canvas& canvas) {
  const float reach = 1.3f * object.half_size.x + 1;  // a rectangle's corners have radius 1.23
  const auto first = [&](float centre) { return std::max<int64_t>(0, static_cast<int64_t>(centre - reach)); };
  const auto last = [&](float centre) { return std::min(canvas.size, static_cast<int64_t>(centre + reach) + 1); };
  const Vec2 local_light = rotated(light, {object.axis.x, -object.axis.y});
  const float edge_px = std::min(object.half_size.x, object.half_size.y);
  for (int64_t y = first(object.centre.y); y < last(object.centre.y); ++y) {
    for (int64_t x = first(object.centre.x); x < last(object.centre.x); ++x) {
      const Vec2 p = object.to_local({static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f});
      const float distance = gauge(object.shape, p);
      const float coverage = std::min(1.0f, 0.5f + (1 - distance) * edge_px);
      if (coverage <= 0) continue;
      const size_t i = canvas.index(x, y);
      const float height = std::max(0.0f, 1 - distance * distance);
      const float brightness = 0.9f + 0.35f * (p.x * local_light.x + p.y * local_light.y) + 0.15f * height;
      const Colour colour = scaled(mix(object.first, object.second, object.texture.at(p)), brightness);
      canvas.colours[i] = mix(canvas.colours[i], colour, coverage);
      if (distance > 1) continue;
      canvas.depths[i] = object.depth - object.bulge * height;
      canvas.owners[i] = owner;
    }
  }
}

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::lround(255 * std::clamp(value, 0.0f, 1.0f))); }

Image to_image(const Canvas& canvas) {
  Image image{canvas.size, canvas.size, {}};
  image.pixels.reserve(canvas.colours.size() * 3);
  for (const Colour& c : canvas.colours) image.pixels.insert(image.pixels.end(), {to_byte(c.r), to_byte(c.g), to_byte(c.b)});
  return image;
}

std::vector<Keypoint> keypoints(const Object& object, int owner, const Canvas& canvas) {
  constexpr std::array<Vec2, kSceneKeypoints> kDirections = {{{0, 0}, {1, 0}, {0, 1}, {-1, 0}, {0, -1}}};
  std::vector<Keypoint> points;
  for (const Vec2 d : kDirections) {
    const float distance = gauge(object.shape, d);
    const float inside = distance > 0 ? 0.8f / distance : 0;
    const Vec2 p = object.to_image({d.x * inside, d.y * inside});
    const auto x = static_cast<int64_t>(std::floor(p.x)), y = static_cast<int64_t>(std::floor(p.y));
    const bool in_image = x >= 0 && y >= 0 && x < canvas.size && y < canvas.size;
    const bool is_seen = in_image && canvas.owners[canvas.index(x, y)] == owner;
    points.push_back({p.x, p.y, is_seen ? Visibility::kVisible : in_image ? Visibility::kHidden : Visibility::kUnlabelled});
  }
  return points;
}

// Mask and box of the pixels that `owner` shows, and their labels; area 0 when there are none.
Instance visible_part(const Canvas& canvas, int owner, int64_t category, std::vector<uint16_t>& semantic) {
  std::vector<uint8_t> mask(canvas.owners.size());
  for (size_t i = 0; i < mask.size(); ++i) {
    if (canvas.owners[i] != owner) continue;
    mask[i] = 1;
    semantic[i] = static_cast<uint16_t>(category + 1);
  }
  Instance instance{.category = category, .mask = rle_from_mask(mask, canvas.size, canvas.size)};
  instance.box = to_corners(rle_box(instance.mask));
  instance.area = static_cast<double>(rle_area(instance.mask));
  return instance;
}

Targets describe(const std::vector<Object>& objects, Canvas& canvas) {
  Targets targets;
  targets.semantic.resize(canvas.owners.size());
  double largest_area = 0;
  for (int owner = 0; owner < std::ssize(objects); ++owner) {
    const Object& object = objects[static_cast<size_t>(owner)];
    Instance instance = visible_part(canvas, owner, static_cast<int64_t>(object.shape), targets.semantic);
    if (instance.area == 0) continue;
    instance.id = std::ssize(targets.instances) + 1;
    instance.keypoints = keypoints(object, owner, canvas);
    if (instance.area >= largest_area) {
      largest_area = instance.area;
      targets.label = instance.category;
    }
    targets.instances.push_back(std::move(instance));
  }
  targets.depth = std::move(canvas.depths);
  return targets;
}

// Each object has a slice of the depths between the nearest and the farthest to itself.
std::vector<Object> draw_objects(Rng& rng, float size_px) {
  const int count = kMinObjects + static_cast<int>(below(rng, kMaxObjects - kMinObjects + 1));
  const float slice = (kFarthestObject - kNearestObject) / static_cast<float>(count);
  std::vector<Object> objects;
  for (int i = 0; i < count; ++i) {
    const float depth = kFarthestObject - slice * static_cast<float>(i);
    objects.push_back(draw_object(rng, size_px, depth, slice * uniform(rng, 0.3f, 0.9f)));
  }
  return objects;
}

Vocabulary make_vocabulary() {
  Vocabulary vocabulary;
  vocabulary.images = vocabulary.objects = numbered_classes({kSceneClasses.begin(), kSceneClasses.end()});
  std::vector<std::string> labels{"background"};
  labels.insert(labels.end(), kSceneClasses.begin(), kSceneClasses.end());
  vocabulary.labels = numbered_classes(labels);
  vocabulary.joints.assign(kSceneJoints.begin(), kSceneJoints.end());
  for (int64_t joint = 1; joint < kSceneKeypoints; ++joint) vocabulary.limbs.push_back({0, joint});
  return vocabulary;
}

}  // namespace

Sample draw_scene(uint64_t seed, int64_t id, int64_t size_px) {
  Rng rng(seed, 0, static_cast<uint64_t>(id), RandomOp::kScene);
  const Vec2 light = direction(uniform(rng, 0, 2 * kPi));
  const Background background = draw_background(rng);
  const std::vector<Object> objects = draw_objects(rng, static_cast<float>(size_px));
  Canvas canvas = paint_background(background, light, size_px);
  for (int i = 0; i < std::ssize(objects); ++i) paint_object(objects[static_cast<size_t>(i)], i, light, canvas);
  Sample sample{id, format("scene_{:06}", id), to_image(canvas), {}};
  sample.targets = describe(objects, canvas);
  return sample;
}

Scenes::Scenes(const Config& config, Split split)
    : seed_(config.seed),
      first_(split == Split::kTrain ? 0 : kFirstValidationScene),
      count_(split == Split::kTrain ? config.count : std::max<int64_t>(1, config.count / 10)),
      size_px_(config.size_px) {}

Sample Scenes::get(int64_t id) const {
  Sample sample = draw_scene(seed_, first_ + id, size_px_);
  sample.id = id;
  sample.name = name(id);
  return sample;
}

std::string Scenes::name(int64_t id) const { return format("{}_{:06}", first_ == 0 ? "scene" : "val_scene", id); }

const Vocabulary& Scenes::vocabulary() const {
  static const Vocabulary kVocabulary = make_vocabulary();
  return kVocabulary;
}

void Scenes::inspect(int64_t id, Inspection& inspection) const {
  const Sample sample = get(id);
  const SizePx size{size_px_, size_px_};
  inspection.count_image(size);
  inspection.count_label(*sample.targets.label);
  for (const Instance& instance : sample.targets.instances) inspection.count_object(instance.category);
  inspection.check_labels({size_px_, size_px_, sample.targets.semantic}, size, {kNumSceneLabels}, sample.name);
  inspection.check_depth(sample.targets.depth, size, size, sample.name);
}

uint64_t Scenes::fingerprint() const {
  return stable_hash(format("scenes {} {} {} {} {}", kGeneratorVersion, seed_, first_, count_, size_px_));
}

}  // namespace glid
