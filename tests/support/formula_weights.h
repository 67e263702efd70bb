// Tensors made from their names, bit for bit the same as scripts/parity/formula.py, which states the formula.
// They stand for weights and inputs in the golden tests, so that no weights need to be stored.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdint>
#include <string_view>

#include "glid/core/rng.h"

namespace glid {

struct FormulaScale {
  double scale = 1.0;
  float offset = 0.0f;
};

inline FormulaScale formula_scale(std::string_view name, at::IntArrayRef shape) {
  if (name.ends_with("relative_position_bias_table")) return {0.5};
  if (name.ends_with("bias")) return {0.1};
  if (name.ends_with("weight") && shape.size() >= 2) {
    double fan_in = 1.0;
    for (const int64_t n : shape.slice(1)) fan_in *= static_cast<double>(n);
    return {std::sqrt(3.0) / std::sqrt(fan_in)};
  }
  if (name.ends_with("weight") || name.ends_with("fusion")) return {0.1, 1.0f};
  if (name.ends_with("_token") || name.ends_with("_embed")) return {0.5};
  return {};
}

// float32 on the CPU.
inline at::Tensor formula_tensor(std::string_view name, at::IntArrayRef shape) {
  const uint64_t hash = stable_hash(name);
  const std::array<uint32_t, 2> key{static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32)};
  const FormulaScale rule = formula_scale(name, shape);
  at::Tensor tensor = at::empty(shape, at::kFloat);
  float* out = tensor.mutable_data_ptr<float>();
  std::array<uint32_t, 4> block{};
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    if (i % 4 == 0) block = philox({static_cast<uint32_t>(i / 4), 0, 0, 0}, key);
    const double u = static_cast<double>(block[static_cast<size_t>(i % 4)] >> 8) * 0x1.0p-23 - 1.0;
    out[i] = static_cast<float>(u * rule.scale);  // rounded here, so that the sum below cannot be fused with the product
    out[i] += rule.offset;
  }
  return tensor;
}

}  // namespace glid
