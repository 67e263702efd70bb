#include "scene_objects.h"

#include <algorithm>

#include "glid/data/scenes.h"

namespace glid::scene {
namespace {

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

std::vector<Keypoint> keypoints(const Object& object, int owner, const Canvas& canvas) {
  constexpr std::array<Vec2, kSceneKeypoints> kDirections = {{{0, 0}, {1, 0}, {0, 1}, {-1, 0}, {0, -1}}};
  std::vector<Keypoint> points;
  for (const Vec2 d : kDirections) {
    const float distance = gauge(object.shape, d);
    const float inside = distance > 0 ? 0.8f / distance : 0;
    points.push_back(keypoint_at(object.to_image({d.x * inside, d.y * inside}), owner, canvas));
  }
  return points;
}

}  // namespace

Vec2 Object::to_local(Vec2 p) const {
  const Vec2 q = rotated({p.x - centre.x, p.y - centre.y}, {axis.x, -axis.y});
  return {q.x / half_size.x, q.y / half_size.y};
}

Vec2 Object::to_image(Vec2 local) const {
  const Vec2 q = rotated({local.x * half_size.x, local.y * half_size.y}, axis);
  return {q.x + centre.x, q.y + centre.y};
}

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
      const Colour colour = scaled(mix(object.first, object.second, object.texture(p)), brightness);
      canvas.colours[i] = mix(canvas.colours[i], colour, coverage);
      if (distance > 1) continue;
      canvas.depths[i] = object.depth - object.bulge * height;
      canvas.owners[i] = owner;
    }
  }
}

Targets describe_objects(const std::vector<Object>& objects, const Canvas& canvas) {
  Targets targets;
  std::vector<int64_t> categories;
  double largest_area = 0;
  for (int owner = 0; owner < std::ssize(objects); ++owner) {
    const Object& object = objects[static_cast<size_t>(owner)];
    categories.push_back(static_cast<int64_t>(object.shape));
    Instance instance = visible_part(canvas, owner, categories.back());
    if (instance.area == 0) continue;
    instance.id = std::ssize(targets.instances) + 1;
    instance.keypoints = keypoints(object, owner, canvas);
    if (instance.area >= largest_area) {
      largest_area = instance.area;
      targets.label = instance.category;
    }
    targets.instances.push_back(std::move(instance));
  }
  describe_pixels(canvas, categories, targets);
  return targets;
}

DepthSlice depth_slice(int i, int count) {
  const float slice = (kFarthestObject - kNearestObject) / static_cast<float>(count);
  return {kFarthestObject - slice * static_cast<float>(i), slice};
}

}  // namespace glid::scene
