#include "glid/viz/drawing_scale.h"

#include <algorithm>
#include <cmath>

namespace glid {
namespace {

constexpr double kUsualSidePx = 554;  // the root of 640 x 480

}  // namespace

double drawing_scale(const Image& image) {
  return std::max(1.0, std::sqrt(static_cast<double>(image.height * image.width)) / kUsualSidePx);
}

}  // namespace glid
