#include "glid/tasks/class_augment.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "glid/core/rng.h"
#include "glid/data/transforms.h"
#include "glid/model/pixel_statistics.h"
#include "glid/model/swin.h"
#include "glid/nn/transfer.h"

namespace glid {
namespace {

constexpr double kLeastErased = 0.02, kMostErased = 1.0 / 3, kErasedRatio = 0.3;
constexpr int kErasingTries = 10;

Rng rng_of(const SampleKey& key, RandomOp op) {
  return {key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), op};
}

// Gamma(shape, 1) (Marsaglia and Tsang, ACM TOMS 2000).
double gamma_draw(Rng& rng, double shape) {
  if (shape < 1) {
    const double power = std::pow(rng.uniform(), 1 / shape);
    return gamma_draw(rng, shape + 1) * power;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = rng.normal(), v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - rng.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

// Beta(a, a).
double beta_draw(Rng& rng, double a) {
  const double x = gamma_draw(rng, a), y = gamma_draw(rng, a);
  return x + y > 0 ? x / (x + y) : 0.5;  // both may be 0 where a is tiny
}

// CutMix's box: centred anywhere, of the part `share` of the picture, cut off at its edges.
CropBox cutmix_box(double share, int64_t size_px, Rng& rng) {
  const auto side = static_cast<int64_t>(static_cast<double>(size_px) * std::sqrt(share));
  const auto around = [&] {
    const auto centre = static_cast<int64_t>(rng.below(static_cast<uint64_t>(size_px)));
    return std::pair{std::clamp<int64_t>(centre - side / 2, 0, size_px), std::clamp<int64_t>(centre + side / 2, 0, size_px)};
  };
  const auto [top, bottom] = around();
  const auto [left, right] = around();
  return {top, left, bottom - top, right - left};
}

// 2k <-> 2k + 1; an odd last one is its own.
at::Tensor partners(int64_t count, const at::Device& device) {
  const at::Tensor number = at::arange(count, at::kLong);
  return to_device((number + 1 - 2 * number.remainder(2)).clamp_max(count - 1), device);
}

// [B] of what `of` says of each.
template <class Of>
at::Tensor column(const std::vector<PairMix>& mixes, const at::Device& device, Of of) {
  const at::Tensor values = at::empty({std::ssize(mixes)}, at::kFloat);
  float* value = values.mutable_data_ptr<float>();
  for (const PairMix& mix : mixes) *value++ = static_cast<float>(of(mix));
  return to_device(values, device);
}

// [B, size] true on the places from first to past it.
at::Tensor between(const at::Tensor& first, const at::Tensor& past, int64_t size) {
  const at::Tensor place = at::arange(size, first.options());
  return place.ge(first.unsqueeze(1)).logical_and(place.lt(past.unsqueeze(1)));
}

void fill_with_noise(Image& image, const CropBox& box, Rng& rng) {
  for (int64_t y = box.top; y < box.top + box.height; ++y)
    for (int64_t i = box.left * 3; i < (box.left + box.width) * 3; ++i) {
      const auto channel = static_cast<size_t>(i % 3);
      const double value = kPixelMean[channel] + kPixelDeviation[channel] * rng.normal();
      image.pixels[static_cast<size_t>(y * image.width * 3 + i)] =
          static_cast<uint8_t>(std::clamp(std::round(value), 0.0, 255.0));
    }
}

}  // namespace

double PairMix::own_share(int64_t size_px) const {
  const double cut = static_cast<double>(box.height * box.width) / static_cast<double>(size_px * size_px);
  return weight * (1 - cut);
}

PairMix draw_pair_mix(const MixingConfig& config, const SampleKey& key, int64_t size_px) {
  Rng rng = rng_of(key, RandomOp::kMixing);
  const bool cuts = config.cutmix > 0 && (config.mixup == 0 || rng.uniform() < 0.5);
  const double share = beta_draw(rng, cuts ? config.cutmix : config.mixup);
  if (cuts) return {.box = cutmix_box(1 - share, size_px, rng)};
  return {.box = {}, .weight = share};
}

std::vector<PairMix> draw_mixes(const MixingConfig& config, const Batch& batch, int64_t size_px) {
  std::vector<PairMix> mixes(batch.images.size());
  for (size_t i = 0; i + 1 < mixes.size(); i += 2)
    mixes[i] = mixes[i + 1] = draw_pair_mix(config, batch.images[i].key, size_px);
  return mixes;
}

at::Tensor mix_pictures(const at::Tensor& units, const std::vector<PairMix>& mixes, const UnitGrid& grid) {
  const at::Tensor images = from_units(units, grid);  // [B, H, W, 3]
  const at::Device device = images.device();
  const auto edge = [&](auto of) { return column(mixes, device, of); };
  const at::Tensor rows = between(edge([](const PairMix& m) { return m.box.top; }),
                                  edge([](const PairMix& m) { return m.box.top + m.box.height; }), images.size(1));
  const at::Tensor columns = between(edge([](const PairMix& m) { return m.box.left; }),
                                     edge([](const PairMix& m) { return m.box.left + m.box.width; }), images.size(2));
  const at::Tensor outside = rows.unsqueeze(2).logical_and(columns.unsqueeze(1)).logical_not();  // [B, H, W]
  const at::Tensor weight = edge([](const PairMix& m) { return m.weight; }).view({-1, 1, 1});
  const at::Tensor own = (outside * weight).unsqueeze(3).to(images.scalar_type());
  const at::Tensor others = images.index_select(0, partners(images.size(0), device));
  return to_units(images * own + others * (1 - own), units.size(1));
}

at::Tensor mix_labels(const at::Tensor& labels, const std::vector<PairMix>& mixes, int64_t classes, int64_t size_px) {
  const at::Tensor own = at::one_hot(labels, classes).to(at::kFloat);
  const at::Tensor share =
      column(mixes, labels.device(), [&](const PairMix& m) { return m.own_share(size_px); }).unsqueeze(1);
  return own * share + own.index_select(0, partners(labels.size(0), labels.device())) * (1 - share);
}

void erase_randomly(Image& image, double probability, const SampleKey& key) {
  Rng rng = rng_of(key, RandomOp::kErasing);
  if (rng.uniform() >= probability) return;
  const auto area = static_cast<double>(image.height * image.width);
  for (int i = 0; i < kErasingTries; ++i) {
    const double target = area * rng.uniform(kLeastErased, kMostErased);
    const double ratio = std::exp(rng.uniform(std::log(kErasedRatio), -std::log(kErasedRatio)));
    const int64_t height = std::llround(std::sqrt(target * ratio)), width = std::llround(std::sqrt(target / ratio));
    if (height >= image.height || width >= image.width) continue;
    return fill_with_noise(image, random_part({image.height, image.width}, {height, width}, rng), rng);
  }
}

}  // namespace glid
