#include "glid/tasks/mask_points.h"

#include <cmath>

#include "glid/core/rng.h"

namespace glid {

std::vector<float> draw_points(const SampleKey& key, int64_t count) {
  Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kPoints);
  std::vector<float> points(static_cast<size_t>(2 * count));
  for (float& value : points) value = static_cast<float>(rng.uniform());
  return points;
}

std::vector<float> sample_mask(std::span<const uint8_t> mask, int64_t height, int64_t width, std::span<const float> points) {
  const auto value = [&](int64_t y, int64_t x) {
    const bool is_inside = y >= 0 && y < height && x >= 0 && x < width;
    return is_inside && mask[static_cast<size_t>(y * width + x)] != 0 ? 1.0F : 0.0F;
  };
  std::vector<float> values;
  values.reserve(points.size() / 2);
  for (size_t i = 0; i + 1 < points.size(); i += 2) {
    const float x = points[i] * static_cast<float>(width) - 0.5F, y = points[i + 1] * static_cast<float>(height) - 0.5F;
    const float left = std::floor(x), top = std::floor(y), dx = x - left, dy = y - top;
    const auto x0 = static_cast<int64_t>(left), y0 = static_cast<int64_t>(top);
    values.push_back((1 - dy) * ((1 - dx) * value(y0, x0) + dx * value(y0, x0 + 1)) +
                     dy * ((1 - dx) * value(y0 + 1, x0) + dx * value(y0 + 1, x0 + 1)));
  }
  return values;
}

}  // namespace glid
