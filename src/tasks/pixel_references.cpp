#include "pixel_references.h"

#include <ATen/ATen.h>

#include "glid/model/encoder_parts.h"
#include "glid/model/glid.h"

namespace glid {
namespace {

// distance^-3 from the origin for every offset of an H x W image, laid out for circular convolution over 2H x 2W.
at::Tensor inverse_cube_kernel(int64_t height, int64_t width, const at::TensorOptions& options) {
  const auto offsets = [&](int64_t n) {
    const at::Tensor i = at::arange(2 * n, options);
    return at::minimum(i, 2 * n - i).square();
  };
  const at::Tensor squared = offsets(height).unsqueeze(1) + offsets(width);
  return squared.clamp_min(1).pow(-1.5).masked_fill(squared.eq(0), 0);  // a hidden pixel is not its own neighbour
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& kernel) {  // [B, C, H, W] with [2H, 2W]
  const int64_t height = x.size(2), width = x.size(3);
  const std::vector<int64_t> size{2 * height, 2 * width};
  const at::Tensor product = at::fft_rfft2(x, size) * at::fft_rfft2(kernel, size);
  return at::fft_irfft2(product, size).narrow(2, 0, height).narrow(3, 0, width);
}

}  // namespace

at::Tensor mean_colour(const at::Tensor& visible, const at::Tensor& target) {
  const int64_t batch = target.size(0), num_hidden = target.size(1), pixels = target.size(2) / 3;
  const at::Tensor colour = visible.view({batch, -1, 3}).mean(1);
  return colour.view({batch, 1, 1, 3}).expand({batch, num_hidden, pixels, 3}).flatten(2);
}

at::Tensor interpolate_hidden(const at::Tensor& units, const PlanTensors& plan) {
  const at::Tensor images = from_units(units, plan.grid);  // [B, H, W, 3]
  const int64_t unit_px = units.size(1);
  const auto options = images.options().dtype(at::kDouble);
  at::Tensor shown = at::zeros({plan.batch * plan.grid.size()}, options);
  shown.index_fill_(0, plan.visible_units, 1);
  const at::Tensor mask = shown.view({plan.batch, 1, plan.grid.height, 1, plan.grid.width, 1})
                              .expand({plan.batch, 1, plan.grid.height, unit_px, plan.grid.width, unit_px})
                              .reshape({plan.batch, 1, images.size(1), images.size(2)});
  const at::Tensor pixels = images.to(at::kDouble).permute({0, 3, 1, 2});  // [B, 3, H, W]
  const at::Tensor kernel = inverse_cube_kernel(images.size(1), images.size(2), options);
  const at::Tensor mean = convolve(pixels * mask, kernel) / convolve(mask, kernel);
  const at::Tensor filled = to_units(mean.permute({0, 2, 3, 1}).to(images.scalar_type()).contiguous(), unit_px).flatten(1);
  return filled.index_select(0, plan.hidden_units).view({plan.batch, -1, filled.size(1)});
}

}  // namespace glid
