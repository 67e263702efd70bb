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

// distance^-3 of each pixel of a unit [U^2] to each pixel [U^2] of the unit `down` and `right` of it.
at::Tensor inverse_cubes(int64_t unit_px, int64_t down, int64_t right, const at::TensorOptions& options) {
  const at::Tensor i = at::arange(unit_px, options);
  const auto squared = [&](int64_t units) { return (i.unsqueeze(0) + units * unit_px - i.unsqueeze(1)).square(); };
  const at::Tensor y = squared(down).view({unit_px, 1, unit_px, 1}), x = squared(right).view({1, unit_px, 1, unit_px});
  return (y + x).pow(-1.5).view({unit_px * unit_px, unit_px * unit_px});
}

// units [B, all, P] -> [B, N, P]
at::Tensor at_cells(const at::Tensor& units, const at::Tensor& cells) {
  return units.gather(1, cells.unsqueeze(2).expand({-1, -1, units.size(2)}));
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

at::Tensor colour_before(const at::Tensor& units, const at::Tensor& cells) {
  const int64_t batch = units.size(0), all = units.size(1), pixels = units.size(2) / 3;
  const at::Tensor colours = units.view({batch, all, pixels, 3}).mean(2);
  const at::Tensor up_to = colours.cumsum(1) / at::arange(1, all + 1, units.options()).unsqueeze(1);  // and with each
  const at::Tensor before = at_cells(up_to, cells - 1).unsqueeze(2);
  return before.expand({batch, cells.size(1), pixels, 3}).flatten(2);
}

at::Tensor interpolate_before(const at::Tensor& units, const UnitGrid& grid, const at::Tensor& cells) {
  const int64_t unit_px = units.size(1), batch = cells.size(0);
  const auto options = units.options().dtype(at::kDouble);
  const std::vector<int64_t> around{0, 0, 0, 0, 1, 1, 1, 0};  // a column on either side and a row above
  const at::Tensor pixels = units.to(at::kDouble).view({batch, grid.height, grid.width, unit_px * unit_px, 3});
  const at::Tensor known = at::constant_pad_nd(pixels, around);
  const at::Tensor is_known = at::constant_pad_nd(at::ones({1, grid.height, grid.width, 1, 1}, options), around);
  at::Tensor sum = at::zeros_like(pixels), weight = at::zeros({1}, options);
  for (const auto& [down, right] : {std::pair{0, -1}, {-1, -1}, {-1, 0}, {-1, 1}}) {
    const auto neighbour = [&](const at::Tensor& x) {
      return x.narrow(1, 1 + down, grid.height).narrow(2, 1 + right, grid.width);
    };
    const at::Tensor cubes = inverse_cubes(unit_px, down, right, options);
    sum = sum + at::matmul(cubes, neighbour(known));
    weight = weight + neighbour(is_known) * cubes.sum(1).unsqueeze(1);
  }
  const at::Tensor mean = (sum / weight).to(units.scalar_type());  // the first unit has nothing before it
  return at_cells(mean.view({batch, grid.size(), -1}), cells);
}

}  // namespace glid
