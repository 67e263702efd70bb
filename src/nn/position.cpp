#include "glid/nn/position.h"

#include <ATen/ATen.h>

#include <numbers>

namespace glid {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

at::Tensor fourier_axis(int64_t size, int64_t channels) {  // [size, channels]
  const at::Tensor u = (at::arange(size, at::kDouble) + 0.5) / size;
  const at::Tensor cycles = at::logspace(std::log2(0.5), std::log2(6.0), channels / 2, 2.0, at::kDouble);
  const at::Tensor angle = kTwoPi * u.unsqueeze(1) * cycles;
  return at::cat({angle.sin(), angle.cos()}, 1);
}

at::Tensor sine_axis(int64_t size, int64_t channels) {  // [size, channels]
  const at::Tensor u = (at::arange(size, at::kDouble) + 1) / (size + 1e-6) * kTwoPi;
  const at::Tensor exponent = at::arange(channels, at::kDouble).div(2, "floor") * 2 / static_cast<double>(channels);
  const at::Tensor angle = u.unsqueeze(1) / at::pow(1e4, exponent);
  const at::Tensor even = at::arange(channels, at::kLong).remainder(2).eq(0);
  return at::where(even, angle.sin(), angle.cos());
}

}  // namespace

at::Tensor position_table(PositionKind kind, int64_t height, int64_t width, int64_t channels, const at::Device& device) {
  const auto axis = kind == PositionKind::kFourier ? fourier_axis : sine_axis;
  const int64_t half = channels / 2;
  const at::Tensor y = axis(height, half).unsqueeze(1).expand({height, width, half});
  const at::Tensor x = axis(width, half).unsqueeze(0).expand({height, width, half});
  return at::cat({y, x}, 2).view({height * width, channels}).to(at::TensorOptions().device(device).dtype(at::kFloat));
}

}  // namespace glid
