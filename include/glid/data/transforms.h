// The squares that the network pre-trains on: torchvision's transforms as MAE uses them, on Pillow's arithmetic. And what
// the pictures of tasks (augment.h) have in common with them.
#pragma once

#include <cstdint>

#include "glid/core/rng.h"
#include "glid/data/placement.h"
#include "glid/data/sample.h"

namespace glid {

struct PictureSize {
  int64_t height = 0, width = 0;
  bool operator==(const PictureSize&) const = default;
};

// A part of at most height x width, anywhere; of a smaller picture, all of that side.
CropBox random_part(const PictureSize& picture, const PictureSize& most, Rng& rng);

inline constexpr double kSmallestCrop = 0.2;  // MAE's

// torchvision.transforms.RandomResizedCrop.get_params: area `smallest` to 1 of the image, ratio 3/4 to 4/3 (log-uniform),
// ten tries, then the largest centre crop whose ratio is in range.
CropBox random_crop_box(int64_t height, int64_t width, Rng& rng, double smallest = kSmallestCrop);

// MAE's pre-training augmentation: a random crop, resized to size x size (the filter sees the crop only, as there), and a
// flip with probability 0.5. A function of (seed, epoch, id).
Placement pretraining_placement(int64_t height, int64_t width, const SampleKey& key, int64_t size_px,
                                double smallest_crop = kSmallestCrop);

// MAE's evaluation: the short side to int(size * 256 / 224), then the centre crop of size x size. Throws as resize_image().
Placement centre_placement(int64_t height, int64_t width, int64_t size_px);

// The one to train on, the other otherwise.
Placement square_placement(int64_t height, int64_t width, const SampleKey& key, int64_t size_px, double smallest_crop,
                           bool training);

// Adds the change of size; throws DataError for a sliver whose resized form would exceed kMaxImagePixels.
Placement& resize_image(Placement& placement, int64_t height, int64_t width);

}  // namespace glid
