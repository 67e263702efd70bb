// Which images features find alike: rows of images, each with the ones nearest to it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "glid/data/image_list.h"
#include "glid/formats/image.h"

namespace glid {

// One vector an image.
struct ImageFeatures {
  std::vector<NamedImage> images;
  at::Tensor features;  // [N, C] fp32
};

// For `count` images evenly among all, at most as many as there are, the nearest others by cosine similarity, at most
// `neighbours` of them, with their names and similarities. Throws DataError for fewer than two images, and where one can't
// be read any more.
Image neighbour_sheet(const ImageFeatures& images, int64_t count, int64_t neighbours);

}  // namespace glid
