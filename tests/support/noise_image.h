// Made-up pixels (no LibTorch).
#pragma once

#include <cstdint>
#include <vector>

#include "glid/core/rng.h"
#include "glid/formats/image.h"

namespace glid {

inline Image noise_image(int64_t height, int64_t width, int64_t id) {
  Rng rng(3, 0, static_cast<uint64_t>(id), RandomOp::kExample);
  Image image{height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3))};
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(rng.below(256));
  return image;
}

}  // namespace glid
