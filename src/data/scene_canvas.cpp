#include "scene_canvas.h"

#include <algorithm>

namespace glid::scene {
namespace {

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::lround(255 * std::clamp(value, 0.0f, 1.0f))); }

}  // namespace

Colour from_hsv(float hue_degrees, float saturation, float value) {
  const auto channel = [&](float n) {
    const float k = std::fmod(n + hue_degrees / 60 + 6, 6.0f);
    return value * (1 - saturation * std::clamp(std::min(k, 4 - k), 0.0f, 1.0f));
  };
  return {channel(5), channel(3), channel(1)};
}

Canvas::Canvas(int64_t size_px)
    : size(size_px), colours(static_cast<size_t>(size_px * size_px)), depths(colours.size()), owners(colours.size(), -1) {}

Image to_image(const Canvas& canvas) {
  Image image{canvas.size, canvas.size, {}};
  image.pixels.reserve(canvas.colours.size() * 3);
  for (const Colour& c : canvas.colours) image.pixels.insert(image.pixels.end(), {to_byte(c.r), to_byte(c.g), to_byte(c.b)});
  return image;
}

Instance visible_part(const Canvas& canvas, int owner, int64_t category) {
  std::vector<uint8_t> mask(canvas.owners.size());
  for (size_t i = 0; i < mask.size(); ++i) mask[i] = canvas.owners[i] == owner ? 1 : 0;
  Instance instance{.category = category, .mask = rle_from_mask(mask, canvas.size, canvas.size)};
  instance.box = to_corners(rle_box(instance.mask));
  instance.area = static_cast<double>(rle_area(instance.mask));
  return instance;
}

Keypoint keypoint_at(Vec2 p, int owner, const Canvas& canvas) {
  const auto x = static_cast<int64_t>(std::floor(p.x)), y = static_cast<int64_t>(std::floor(p.y));
  const bool in_image = x >= 0 && y >= 0 && x < canvas.size && y < canvas.size;
  const bool is_seen = in_image && canvas.owners[canvas.index(x, y)] == owner;
  return {p.x, p.y, is_seen ? Visibility::kVisible : in_image ? Visibility::kHidden : Visibility::kUnlabelled};
}

void describe_pixels(const Canvas& canvas, const std::vector<int64_t>& categories, Targets& targets) {
  const auto label_of = [&](int owner) { return owner < 0 ? 0 : categories[static_cast<size_t>(owner)] + 1; };
  std::vector<bool> is_seen(categories.size() + 1);
  for (const int owner : canvas.owners) {
    targets.semantic.push_back(static_cast<uint16_t>(label_of(owner)));
    targets.panoptic.ids.push_back(static_cast<uint32_t>(owner + 2));
    is_seen[static_cast<size_t>(owner + 1)] = true;
  }
  for (int owner = -1; owner < std::ssize(categories); ++owner)
    if (is_seen[static_cast<size_t>(owner + 1)])
      targets.panoptic.segments.push_back({static_cast<uint32_t>(owner + 2), label_of(owner), false});
  targets.depth = canvas.depths;
}

}  // namespace glid::scene
