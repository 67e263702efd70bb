#include "unit_pictures.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>

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

std::vector<Image> to_images(const Question& question) {
  std::vector<Image> images;
  int64_t unit = 0;
  for (const ImageRun& run : question.view.plan.runs) {
    const UnitGrid& grid = run.plan->grid;
    const int64_t units = run.plan->batch * grid.height * grid.width;
    const Placement& placement = question.batch.images[images.size()].placement;  // of all in the run
    std::ranges::move(to_images(question.units.narrow(0, unit, units), grid, placement.height(), placement.width()),
                      std::back_inserter(images));
    unit += units;
  }
  return images;
}

}  // namespace glid
