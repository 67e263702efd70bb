#include "glid/formats/depth_map.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/formats/npy.h"
#include "label_png.h"

namespace glid {
namespace {

constexpr double kLargest = 65535;

void check_scale(double depth_scale) {
  if (!(depth_scale > 0) || std::isinf(depth_scale)) throw std::invalid_argument(format("depth scale {}", depth_scale));
}

// NaN is no number above 0 either.
uint16_t to_units(double metres, double depth_scale) {
  const double units = std::floor(metres * depth_scale + 0.5);
  return units > 0 ? static_cast<uint16_t>(std::min(units, kLargest)) : 0;
}

std::string text_of(const std::vector<int64_t>& shape) { return glid::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace

DepthMap decode_depth_png(std::string_view bytes, double depth_scale, const std::string& where) {
  check_scale(depth_scale);
  const char* hint = "store depth x scale as 16-bit grey";
  const SamplePng png = decode_sample_png(bytes, where, hint);
  if (png.is_palette || png.bit_depth != 16)
    throw DataError(where, "is not a 16-bit grey PNG", png.is_palette ? "palette" : format("{} bits", png.bit_depth), hint);
  DepthMap depth{png.map.height, png.map.width, std::vector<double>(png.map.labels.size())};
  std::transform(png.map.labels.begin(), png.map.labels.end(), depth.metres.begin(),
                 [=](uint16_t units) { return static_cast<double>(units) / depth_scale; });
  return depth;
}

DepthMap read_depth_png(const std::filesystem::path& file, double depth_scale) {
  return decode_depth_png(read_file(file), depth_scale, file.string());
}

DepthMap decode_depth_npy(std::string_view bytes, const std::string& where) {
  const NpyArray array = decode_npy(bytes, where);
  if (!array.dtype.starts_with('f')) throw DataError(where, "must hold metres as float16, float32 or float64", array.dtype);
  const auto& shape = array.shape;
  if (!(shape.size() == 2 || (shape.size() == 3 && shape[0] == 1)) || array.size() == 0)
    throw DataError(where, "must have the shape [height, width] or [1, height, width]", text_of(shape));
  return {shape[shape.size() - 2], shape.back(), array.to_doubles()};
}

DepthMap read_depth_npy(const std::filesystem::path& file) { return decode_depth_npy(read_file(file), file.string()); }

std::string encode_depth_png(const DepthMap& map, double depth_scale) {
  check_scale(depth_scale);
  LabelMap units{map.height, map.width, std::vector<uint16_t>(map.metres.size())};
  std::transform(map.metres.begin(), map.metres.end(), units.labels.begin(),
                 [=](double metres) { return to_units(metres, depth_scale); });
  return encode_sample_png(units, 16);
}

void write_depth_png(const std::filesystem::path& file, const DepthMap& map, double depth_scale) {
  write_file(file, encode_depth_png(map, depth_scale));
}

}  // namespace glid
