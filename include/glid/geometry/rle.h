// Binary masks as run lengths, run for run what pycocotools 2.0.11 (maskApi.c) makes of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/geometry/box.h"

namespace glid {

// Pixels in column-major order (down each column); runs alternate 0, 1, 0, ... and the first one counts zeros and may be
// 0. The runs add up to height x width; functions that rely on it throw std::invalid_argument otherwise.
struct Rle {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint32_t> counts;
  bool operator==(const Rle&) const = default;
};

// height x width. Throws DataError (where: empty) when a side is negative or the product takes more than 32 bits; so does
// every function here that is given a size.
uint32_t num_mask_pixels(int64_t height, int64_t width);

// From and to a mask [height][width] of 0 and 1 (anything but 0), rows without gaps.
Rle rle_from_mask(std::span<const uint8_t> mask, int64_t height, int64_t width);
std::vector<uint8_t> mask_from_rle(const Rle& rle);

// COCO's two written forms. Throw DataError (where: empty, the caller adds file and record) when the runs are longer or
// shorter than the image, negative, or the string is cut or holds a character that no encoder writes.
Rle rle_from_counts(std::span<const int64_t> counts, int64_t height, int64_t width);
Rle rle_from_string(std::string_view compressed, int64_t height, int64_t width);
std::string rle_to_string(const Rle& rle);

// Pixels that are 1.
uint64_t rle_area(const Rle& rle);
// (0, 0, 0, 0) for an empty mask.
BoxXywh rle_box(const Rle& rle);

// Pixels in any, in all of the masks. Throw DataError when their sizes differ; std::invalid_argument when there are none.
Rle rle_union(std::span<const Rle> masks);
Rle rle_intersection(std::span<const Rle> masks);

// Intersection over union, or over the detection's area when the truth is a crowd; 0 when the tight boxes (given, so that
// nobody computes them twice) don't overlap. Throws DataError when the sizes differ.
struct BoxedRle {
  Rle rle;
  BoxXywh box;    // rle_box
  uint64_t area;  // rle_area
};
BoxedRle boxed(Rle rle);
double rle_iou(const BoxedRle& detection, const BoxedRle& truth, bool truth_is_crowd);

}  // namespace glid
