// LayerNorm where 16 bits follow.
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/nn/layers.h"

namespace glid {

// x [.., C] normalised, for products with weights and for the BiFPN's maps. On GPUs under autocast in its 16-bit type where
// that is fused (nn/fused.h), though LayerNorm itself stays in floats there; else norm.forward(x).
at::Tensor low_precision_norm(const LayerNorm& norm, const at::Tensor& x);

}  // namespace glid
