// From a decoded image to the network's square: torchvision's transforms as MAE uses them, on Pillow's arithmetic.
#pragma once

#include <cstdint>

#include "glid/core/rng.h"
#include "glid/data/sample.h"
#include "glid/formats/image.h"

namespace glid {

// A part of an image in whole pixels.
struct CropBox {
  int64_t top = 0, left = 0, height = 0, width = 0;
  bool operator==(const CropBox&) const = default;
};

// torchvision.transforms.RandomResizedCrop.get_params: area 0.2 to 1 of the image, ratio 3/4 to 4/3 (log-uniform), ten
// tries, then the largest centre crop whose ratio is in range.
CropBox random_crop_box(int64_t height, int64_t width, Rng& rng);

// A copy of the part of `image` inside `box`, which lies in the image.
Image crop(const Image& image, const CropBox& box);

void flip_horizontally(Image& image);

// MAE's pre-training augmentation: random crop, bicubic to size x size (the filter sees the crop only, as there), and a
// flip with probability 0.5. A function of (seed, epoch, id).
Image train_image(const Image& image, const SampleKey& key, int64_t size_px);

// MAE's evaluation: the short side to int(size * 256 / 224), bicubic, then the centre crop of size x size. Throws
// DataError for a sliver whose resized form would exceed kMaxImagePixels.
Image eval_image(const Image& image, int64_t size_px);

}  // namespace glid
