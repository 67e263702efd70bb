// The query decoder: cross-attention, self-attention and FFN, the pyramid's levels in turn from coarse to fine
// (paper section 3.2 "Architecture"; layer of facebookresearch/Mask2Former without masked attention).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>

#include "glid/model/bifpn.h"
#include "glid/nn/attention.h"
#include "glid/nn/layers.h"
#include "glid/nn/position.h"

namespace glid {

enum class NormOrder { kPost, kPre };
// Where a query's position goes: into its content at the start, into every attention, or both.
enum class QueryPosition { kBoth, kContent, kAttention };

inline constexpr int64_t kNumDecoderLevels = 3;  // stages 3, 2, 1: strides 32, 16, 8 at patch 4

struct DecoderShape {
  int64_t layers = 6;
  int64_t width = 512;  // d
  int64_t heads = 8;
  int64_t ffn = 2048;
  NormOrder norm = NormOrder::kPost;
  PositionKind positions = PositionKind::kFourier;
  QueryPosition query_position = QueryPosition::kBoth;
};

// One layer's view of a level: key = memory + position, value = memory, both [B, L, d].
struct Memory {
  at::Tensor key, value;
};

struct DecoderLayer : torch::nn::Module {
  explicit DecoderLayer(const DecoderShape& shape);
  // content and position [B, Q, d] -> content.
  at::Tensor forward(const at::Tensor& content, const at::Tensor& position, const Memory& memory) const;

  NormOrder order;
  std::shared_ptr<MultiheadAttention> cross_attn, self_attn;
  std::shared_ptr<Linear> linear1, linear2;
  std::shared_ptr<LayerNorm> norm1, norm2, norm3;
};

struct Decoder : torch::nn::Module {
  explicit Decoder(const DecoderShape& shape);
  // Queries [CLS, M_1 .. M_N] at the hidden units of the plan -> [B, 1 + N, d] after the final norm.
  at::Tensor forward(const Pyramid& pyramid, const PlanTensors& plan) const;

  DecoderShape shape;
  at::Tensor cls_token, mask_token;  // [d]
  at::Tensor level_embed;            // [3, d], coarse to fine
  std::shared_ptr<ModuleList<DecoderLayer>> layers;
  std::shared_ptr<LayerNorm> norm;

 private:
  Memory memory(const at::Tensor& tokens, const PlanTensors& plan, int64_t level) const;
  at::Tensor query_positions(const PlanTensors& plan) const;
  at::Tensor query_tokens(const PlanTensors& plan) const;
};

}  // namespace glid
