// An 8-bit RGB picture in memory: what the readers return, the resampler takes and the dataset layers pass on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glid {

struct Image {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;  // [height][width][3], rows without gaps

  // A picture of one grey value.
  static Image filled(int64_t height, int64_t width, uint8_t value) {
    return {height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3), value)};
  }

  const uint8_t* row(int64_t y) const { return pixels.data() + y * width * 3; }
  uint8_t* row(int64_t y) { return pixels.data() + y * width * 3; }
  bool operator==(const Image&) const = default;
};

// More pixels than this are refused when a file is read (Pillow's limit against decompression bombs).
inline constexpr int64_t kMaxImagePixels = 178'956'970;

}  // namespace glid
