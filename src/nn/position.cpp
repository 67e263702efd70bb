#include "glid/nn/position.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace glid {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

// One axis of `count` cells on an image `size` cells long -> [count, channels].
at::Tensor fourier_axis(int64_t count, double size, int64_t channels, const at::TensorOptions& options) {
  const at::Tensor u = (at::arange(count, options) + 0.5) / size;
  const at::Tensor cycles = at::logspace(std::log2(0.5), std::log2(6.0), channels / 2, 2.0, options);
  const at::Tensor angle = kTwoPi * u.unsqueeze(1) * cycles;
  return at::cat({angle.sin(), angle.cos()}, 1);
}

at::Tensor sine_axis(int64_t count, double size, int64_t channels, const at::TensorOptions& options) {
  const at::Tensor u = (at::arange(count, options) + 1) / (size + 1e-6) * kTwoPi;
  const at::Tensor exponent = at::arange(channels, options).div(2, "floor") * 2 / static_cast<double>(channels);
  const at::Tensor angle = u.unsqueeze(1) / at::pow(1e4, exponent);
  const at::Tensor even = at::arange(channels, options.dtype(at::kLong)).remainder(2).eq(0);
  return at::where(even, angle.sin(), angle.cos());
}

at::Tensor mae_axis(int64_t count, double /*size*/, int64_t channels, const at::TensorOptions& options) {
  const at::Tensor exponent = at::arange(channels / 2, options) / (static_cast<double>(channels) / 2);
  const at::Tensor angle = at::arange(count, options).unsqueeze(1) / at::pow(1e4, exponent);
  return at::cat({angle.sin(), angle.cos()}, 1);
}

auto axis_of(PositionKind kind) {
  switch (kind) {
    case PositionKind::kSine: return sine_axis;
    case PositionKind::kMae: return mae_axis;
    case PositionKind::kFourier: break;
  }
  return fourier_axis;
}

}  // namespace

at::Tensor position_vectors(PositionKind kind, const at::Tensor& cells, const GridExtent& extent, int64_t channels) {
  const auto axis = axis_of(kind);
  const at::TensorOptions options = cells.options().dtype(at::kDouble);
  const at::Tensor flat = cells.reshape(-1);
  const at::Tensor y = axis(extent.height, extent.valid_height, channels / 2, options).to(at::kFloat);
  const at::Tensor x = axis(extent.width, extent.valid_width, channels / 2, options).to(at::kFloat);
  std::vector<int64_t> shape = cells.sizes().vec();
  shape.push_back(channels);
  const at::Tensor of_y = y.index_select(0, flat.div(extent.width, "floor"));
  const at::Tensor of_x = x.index_select(0, flat.remainder(extent.width));
  return at::cat(kind == PositionKind::kMae ? std::vector{of_x, of_y} : std::vector{of_y, of_x}, 1).view(shape);
}

}  // namespace glid
