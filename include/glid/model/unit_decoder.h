// The decoder of masked autoencoders (He et al., MAE, CVPR 2022): a small ViT over all units of an image, of which those
// that the encoder has not seen are one learned token, and the encoder's class token where it has one (facebookresearch/mae,
// models_mae.py; its positions and its norms' eps).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>

#include "glid/config/fields.h"
#include "glid/model/encoder.h"
#include "glid/model/encoder_parts.h"
#include "glid/nn/attention.h"
#include "glid/nn/layers.h"

namespace glid {

struct UnitDecoderConfig {
  int64_t blocks = 8;
  int64_t width = 512;
  int64_t heads = 16;

  template <class V>
  void fields(V& v) {
    v("blocks", blocks, "blocks of self-attention", config::in_range(1, 12));
    v("width", width, "channels of its tokens", config::in_range(4, 1024));
    v("heads", heads, "attention heads", config::positive());
  }
  void check(config::Problems& problems) const;
};

// Of all tokens of an image among themselves.
struct SelfAttention : MultiheadAttention {
  using MultiheadAttention::MultiheadAttention;
  at::Tensor forward(const at::Tensor& x) const { return MultiheadAttention::forward(x, x, x); }  // [B, units, d]
};
using UnitBlock = TransformerBlock<SelfAttention>;

struct UnitDecoder : torch::nn::Module {
  UnitDecoder(const UnitDecoderConfig& config, int64_t channels);
  // The last tokens of a batch, one a unit -> [B, N, d] of the units asked of the images, whole runs of the batch.
  at::Tensor forward(const LastTokens& last, const BatchPlan& plan, const DecodedUnits& asked,
                     const ImageRange& images) const;

  std::shared_ptr<Linear> embed;
  at::Tensor mask_token;  // [d]
  std::shared_ptr<ModuleList<UnitBlock>> blocks;
  std::shared_ptr<LayerNorm> norm;
};

}  // namespace glid
