#include "glid/data/transforms.h"

#include <algorithm>
#include <cmath>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

constexpr double kMinRatio = 3.0 / 4.0, kMaxRatio = 4.0 / 3.0;
constexpr int kCropTries = 10;

// Python's round(): halves go to the even neighbour (the default rounding mode).
int64_t round_half_even(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

CropBox centre_box(int64_t image_height, int64_t image_width, int64_t height, int64_t width) {
  return {(image_height - height) / 2, (image_width - width) / 2, height, width};
}

CropBox fallback_box(int64_t height, int64_t width) {
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  if (ratio < kMinRatio) return centre_box(height, width, round_half_even(static_cast<double>(width) / kMinRatio), width);
  if (ratio > kMaxRatio) return centre_box(height, width, height, round_half_even(static_cast<double>(height) * kMaxRatio));
  return {0, 0, height, width};
}

}  // namespace

CropBox random_part(const PictureSize& picture, const PictureSize& most, Rng& rng) {
  const int64_t height = std::min(picture.height, most.height), width = std::min(picture.width, most.width);
  const auto top = static_cast<int64_t>(rng.below(static_cast<uint64_t>(picture.height - height + 1)));
  const auto left = static_cast<int64_t>(rng.below(static_cast<uint64_t>(picture.width - width + 1)));
  return {top, left, height, width};
}

CropBox random_crop_box(int64_t height, int64_t width, Rng& rng, double smallest) {
  const double area = static_cast<double>(height * width);
  for (int i = 0; i < kCropTries; ++i) {
    const double target = area * rng.uniform(smallest, 1);
    const double ratio = std::exp(rng.uniform(std::log(kMinRatio), std::log(kMaxRatio)));
    const int64_t w = round_half_even(std::sqrt(target * ratio)), h = round_half_even(std::sqrt(target / ratio));
    if (w <= 0 || w > width || h <= 0 || h > height) continue;
    return random_part({height, width}, {h, w}, rng);
  }
  return fallback_box(height, width);
}

Placement pretraining_placement(int64_t height, int64_t width, const SampleKey& key, int64_t size_px, double smallest_crop) {
  const auto epoch = static_cast<uint64_t>(key.epoch), id = static_cast<uint64_t>(key.id);
  Rng crop_rng(key.seed, epoch, id, RandomOp::kCrop);
  Placement placement(height, width);
  placement.crop(random_crop_box(height, width, crop_rng, smallest_crop)).resize(size_px, size_px);
  if (Rng(key.seed, epoch, id, RandomOp::kFlip).uniform() < 0.5) placement.flip();
  return placement;
}

Placement centre_placement(int64_t height, int64_t width, int64_t size_px) {
  const int64_t short_side = size_px * 256 / 224;
  const bool tall = width <= height;
  const int64_t resized_height = tall ? short_side * height / width : short_side;
  const int64_t resized_width = tall ? short_side : short_side * width / height;
  const int64_t top = round_half_even(static_cast<double>(resized_height - size_px) / 2);
  const int64_t left = round_half_even(static_cast<double>(resized_width - size_px) / 2);
  Placement placement(height, width);
  return resize_image(placement, resized_height, resized_width).crop({top, left, size_px, size_px});
}

Placement square_placement(int64_t height, int64_t width, const SampleKey& key, int64_t size_px, double smallest_crop,
                           bool training) {
  return training ? pretraining_placement(height, width, key, size_px, smallest_crop)
                  : centre_placement(height, width, size_px);
}

Placement& resize_image(Placement& placement, int64_t height, int64_t width) {
  if (height > kMaxImagePixels / width)
    throw DataError("image", "is too elongated to be resized",
                    format("{} x {} pixels", placement.original_width(), placement.original_height()));
  return placement.resize(height, width);
}

}  // namespace glid
