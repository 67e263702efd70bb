#include "glid/nn/attention.h"

#include <ATen/ATen.h>

#include "glid/nn/attention_watch.h"
#include "glid/nn/weight_copies.h"

namespace glid {

MultiheadAttention::MultiheadAttention(int64_t channels, int64_t heads)
    : heads(heads),
      in_proj(register_module("in_proj", std::make_shared<Linear>(channels, 3 * channels))),
      out_proj(register_module("out_proj", std::make_shared<Linear>(channels, channels))) {}

at::Tensor MultiheadAttention::forward(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                                       const at::Tensor& mask) const {
  const auto weights = autocast_weight(in_proj->weight).chunk(3);
  const auto biases = autocast_weight(in_proj->bias).chunk(3);
  const auto project = [&](const at::Tensor& x, size_t part) {  // [B, N, C] -> [B, heads, N, C / heads]
    const at::Tensor y = at::linear(x, weights[part], biases[part]);
    return y.view({y.size(0), y.size(1), heads, y.size(2) / heads}).transpose(1, 2);
  };
  const std::optional<at::Tensor> attn_mask = mask.defined() ? std::optional(mask) : std::nullopt;
  const at::Tensor q = project(query, 0), k = project(key, 1);
  AttentionWatch::show(*this, {q, k, mask});
  const at::Tensor y = at::scaled_dot_product_attention(q, k, project(value, 2), attn_mask);
  return out_proj->forward(y.transpose(1, 2).reshape(query.sizes()));
}

}  // namespace glid
