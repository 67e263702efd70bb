#include "glid/data/transforms.h"

#include <algorithm>
#include <cmath>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/resize.h"

namespace glid {
namespace {

constexpr double kMinScale = 0.2, kMaxScale = 1.0;
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

CropBox random_crop_box(int64_t height, int64_t width, Rng& rng) {
  const double area = static_cast<double>(height * width);
  for (int i = 0; i < kCropTries; ++i) {
    const double target = area * rng.uniform(kMinScale, kMaxScale);
    const double ratio = std::exp(rng.uniform(std::log(kMinRatio), std::log(kMaxRatio)));
    const int64_t w = round_half_even(std::sqrt(target * ratio)), h = round_half_even(std::sqrt(target / ratio));
    if (w <= 0 || w > width || h <= 0 || h > height) continue;
    const auto top = static_cast<int64_t>(rng.below(static_cast<uint64_t>(height - h + 1)));
    const auto left = static_cast<int64_t>(rng.below(static_cast<uint64_t>(width - w + 1)));
    return {top, left, h, w};
  }
  return fallback_box(height, width);
}

Image crop(const Image& image, const CropBox& box) {
  Image out{box.height, box.width, std::vector<uint8_t>(static_cast<size_t>(box.height * box.width * 3))};
  for (int64_t y = 0; y < box.height; ++y) {
    std::copy_n(image.row(box.top + y) + box.left * 3, box.width * 3, out.row(y));
  }
  return out;
}

void flip_horizontally(Image& image) {
  for (int64_t y = 0; y < image.height; ++y) {
    uint8_t* row = image.row(y);
    for (int64_t left = 0, right = image.width - 1; left < right; ++left, --right) {
      std::swap_ranges(row + left * 3, row + left * 3 + 3, row + right * 3);
    }
  }
}

Image train_image(const Image& image, const SampleKey& key, int64_t size_px) {
  const auto epoch = static_cast<uint64_t>(key.epoch), id = static_cast<uint64_t>(key.id);
  Rng crop_rng(key.seed, epoch, id, RandomOp::kCrop);
  const CropBox box = random_crop_box(image.height, image.width, crop_rng);
  Image out = resize(crop(image, box), size_px, size_px, Filter::kBicubic);
  if (Rng(key.seed, epoch, id, RandomOp::kFlip).uniform() < 0.5) flip_horizontally(out);
  return out;
}

Image eval_image(const Image& image, int64_t size_px) {
  const int64_t short_side = size_px * 256 / 224;
  const bool tall = image.width <= image.height;
  const int64_t height = tall ? short_side * image.height / image.width : short_side;
  const int64_t width = tall ? short_side : short_side * image.width / image.height;
  if (height * width > kMaxImagePixels) {
    throw DataError("image", "is too elongated to be resized", format("{} x {} pixels", image.width, image.height));
  }
  const int64_t top = round_half_even(static_cast<double>(height - size_px) / 2);
  const int64_t left = round_half_even(static_cast<double>(width - size_px) / 2);
  return crop(resize(image, height, width, Filter::kBicubic), {top, left, size_px, size_px});
}

}  // namespace glid
