#include "unit_pictures.h"

#include <ATen/ATen.h>

#include "glid/model/glid.h"

namespace glid {

at::Tensor denormalise(const at::Tensor& pixels) {
  const at::Tensor zero_one =
      normalise(at::stack({at::zeros({3}, at::kByte), at::full({3}, 255, at::kByte)}).to(pixels.device()));
  const at::Tensor low = zero_one[0], high = zero_one[1];  // where 0 and 255 go
  return ((pixels - low) / (high - low) * 255).round().clamp(0, 255).to(at::kByte);
}

std::vector<Image> to_images(const at::Tensor& units, const UnitGrid& grid) {
  return to_images(units, grid, grid.height * units.size(1), grid.width * units.size(2));
}

std::vector<Image> to_images(const at::Tensor& units, const UnitGrid& grid, int64_t height, int64_t width) {
  const at::Tensor pixels = from_units(units, grid).slice(1, 0, height).slice(2, 0, width);
  const at::Tensor bytes = denormalise(pixels).to(at::kCPU).contiguous();
  std::vector<Image> images;
  for (const at::Tensor& image : bytes.unbind(0)) {
    const auto* data = image.const_data_ptr<uint8_t>();
    images.push_back({height, width, std::vector<uint8_t>(data, data + image.numel())});
  }
  return images;
}

}  // namespace glid
