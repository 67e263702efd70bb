// ImageNet's mean and deviation of pixels 0..255 (R, G, B), which every image is normalised with.
#pragma once

#include <array>

namespace glid {

inline constexpr std::array<double, 3> kPixelMean{0.485 * 255, 0.456 * 255, 0.406 * 255};
inline constexpr std::array<double, 3> kPixelDeviation{0.229 * 255, 0.224 * 255, 0.225 * 255};

}  // namespace glid
