// LayerNorm where a product with weights follows.
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/nn/layers.h"

namespace glid {

// x [.., C] normalised: on GPUs under autocast in its 16-bit type where that is fused (nn/fused.h), as norm.forward(x) gives
// floats that the product would cast; else norm.forward(x).
at::Tensor norm_for_product(const LayerNorm& norm, const at::Tensor& x);

}  // namespace glid
