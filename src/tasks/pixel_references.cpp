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

// [B * units], 1 where a unit is seen.
at::Tensor seen(const at::Tensor& units, const at::Tensor& hidden, const at::TensorOptions& options) {
  return at::ones({units.size(0)}, options).index_fill(0, hidden, 0);
}

}  // namespace

at::Tensor seen_units(const at::Tensor& units, const HiddenCells& hidden) {
  const at::Tensor rows = at::nonzero(seen(units, hidden.rows, units.options())).squeeze(1);
  return units.flatten(1).index_select(0, rows);
}

at::Tensor mean_colour(const at::Tensor& visible, const at::Tensor& target) {
  const int64_t batch = target.size(0), num_hidden = target.size(1), pixels = target.size(2) / 3;
  const at::Tensor colour = visible.view({batch, -1, 3}).mean(1);
  return colour.view({batch, 1, 1, 3}).expand({batch, num_hidden, pixels, 3}).flatten(2);
}

at::Tensor interpolate_hidden(const at::Tensor& units, const HiddenCells& hidden) {
  const at::Tensor images = from_units(units, hidden.grid);  // [B, H, W, 3]
  const int64_t unit_px = units.size(1), batch = images.size(0);
  const auto options = images.options().dtype(at::kDouble);
  const at::Tensor mask = seen(units, hidden.rows, options)
                              .view({batch, 1, hidden.grid.height, 1, hidden.grid.width, 1})
                              .expand({batch, 1, hidden.grid.height, unit_px, hidden.grid.width, unit_px})
                              .reshape({batch, 1, images.size(1), images.size(2)});
  const at::Tensor pixels = images.to(at::kDouble).permute({0, 3, 1, 2});  // [B, 3, H, W]
  const at::Tensor kernel = inverse_cube_kernel(images.size(1), images.size(2), options);
  const at::Tensor mean = convolve(pixels * mask, kernel) / convolve(mask, kernel);
  const at::Tensor filled = to_units(mean.permute({0, 2, 3, 1}).to(images.scalar_type()).contiguous(), unit_px).flatten(1);
  return filled.index_select(0, hidden.rows).view({batch, -1, filled.size(1)});
}

}  // namespace glid
