#include "glid/data/photometric.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace glid {

Image change_colours(const Image& image, Rng& rng) {
  const double gamma = rng.uniform(0.9, 1.1), brightness = rng.uniform(0.75, 1.25);
  std::array<std::array<uint8_t, 256>, 3> changed{};
  for (auto& channel : changed) {
    const double factor = brightness * rng.uniform(0.9, 1.1);
    for (size_t value = 0; value < channel.size(); ++value) {
      const double light = std::pow(static_cast<double>(value) / 255, gamma) * factor;
      channel[value] = static_cast<uint8_t>(std::lround(255 * std::clamp(light, 0.0, 1.0)));
    }
  }
  Image result = image;
  for (size_t i = 0; i < result.pixels.size(); ++i) result.pixels[i] = changed[i % 3][result.pixels[i]];
  return result;
}

}  // namespace glid
