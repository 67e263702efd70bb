// Multi-head attention of the decoder, shaped as torch.nn.MultiheadAttention (packed input projection).
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/nn/layers.h"

namespace glid {

struct MultiheadAttention : torch::nn::Module {
  // channels divisible by heads.
  MultiheadAttention(int64_t channels, int64_t heads);
  // query [B, Q, C], key and value [B, K, C] -> [B, Q, C]. `mask` (bool, true = may attend) broadcasts to [B, heads, Q, K];
  // undefined: everything may be attended. Every query must have a key left.
  at::Tensor forward(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const at::Tensor& mask = {}) const;

  int64_t heads;
  std::shared_ptr<Linear> in_proj;   // [3C, C]: q, k, v
  std::shared_ptr<Linear> out_proj;  // [C, C]
};

}  // namespace glid
