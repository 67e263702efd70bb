// Where a query looks in an image (no LibTorch).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glid/formats/image.h"
#include "glid/geometry/box.h"

namespace glid {

// What a query weighs the cells of one scale by.
struct AttentionMap {
  int64_t height = 0, width = 0;  // in cells
  std::vector<double> weights;    // [height][width], not below 0
  int64_t stride_px = 1;          // side of a cell; cells may reach beyond the picture
};

// Under the line `title` the picture, with a frame around what the query asks about, and beside it once more for each map:
// grey under its weights in colours from 0 to its largest, which stands above it; the colours' scale is below. The more
// weight, the less is seen of the picture. Small pictures are enlarged. Throws std::invalid_argument for maps that don't
// cover the picture.
Image attention_picture(const Image& picture, const std::string& title, const std::optional<Box>& asked_about,
                        const std::vector<AttentionMap>& maps);

}  // namespace glid
