// Depth in metres, from 16-bit PNGs and .npy files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

// As the file says: 0 usually means "not measured", and predictions may hold NaN and infinities.
struct DepthMap {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<double> metres;  // [height][width]
};

// A 16-bit grey PNG: metres = double(value) / depth_scale. Throws DataError naming the file when it is missing, not a PNG,
// truncated, damaged, larger than kMaxImagePixels or not 16-bit grey; std::invalid_argument unless 0 < depth_scale < inf.
DepthMap read_depth_png(const std::filesystem::path& file, double depth_scale);
DepthMap decode_depth_png(std::string_view bytes, double depth_scale, const std::string& where);

// A .npy array of metres: float16, float32 or float64 (see npy.h), shape [H, W] or [1, H, W]. Throws DataError.
DepthMap read_depth_npy(const std::filesystem::path& file);
DepthMap decode_depth_npy(std::string_view bytes, const std::string& where);

// 16-bit grey of floor(metres * depth_scale + 0.5), clamped to 65535; negative and NaN become 0. write_ replaces `file` in
// one step.
std::string encode_depth_png(const DepthMap& map, double depth_scale);
void write_depth_png(const std::filesystem::path& file, const DepthMap& map, double depth_scale);

}  // namespace glid
