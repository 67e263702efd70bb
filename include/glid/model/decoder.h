// The query decoder: cross-attention, self-attention and FFN, the pyramid's levels in turn from coarse to fine
// (paper section 3.2 "Architecture"; layer of facebookresearch/Mask2Former, whose masked attention is on demand).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "glid/config/fields.h"
#include "glid/model/query.h"
#include "glid/nn/attention.h"
#include "glid/nn/layers.h"
#include "glid/nn/position.h"

namespace glid {

enum class NormOrder { kPost, kPre };
constexpr auto enum_names(NormOrder) {
  return std::to_array<config::Named<NormOrder>>({{NormOrder::kPost, "post"}, {NormOrder::kPre, "pre"}});
}
constexpr auto enum_names(PositionKind) {
  return std::to_array<config::Named<PositionKind>>({{PositionKind::kFourier, "fourier"}, {PositionKind::kSine, "sine"}});
}
// Where a query's position goes: into its content at the start, into every attention, or both.
enum class QueryPosition { kBoth, kContent, kAttention };
constexpr auto enum_names(QueryPosition) {
  return std::to_array<config::Named<QueryPosition>>(
      {{QueryPosition::kBoth, "both"}, {QueryPosition::kContent, "content"}, {QueryPosition::kAttention, "attn"}});
}

inline constexpr int64_t kNumDecoderLevels = 3;  // stages 3, 2, 1: strides 32, 16, 8 at patch 4

struct DecoderConfig {
  int64_t layers = 6;
  int64_t width = 512;  // d
  int64_t heads = 8;
  NormOrder norm = NormOrder::kPost;
  PositionKind positions = PositionKind::kFourier;
  QueryPosition query_pos = QueryPosition::kBoth;

  int64_t ffn() const { return 4 * width; }

  template <class V>
  void fields(V& v) {
    v("layers", layers, "decoder layers", config::one_of({3, 6, 9}));
    v("width", width, "channels of queries and keys", config::positive());
    v("heads", heads, "attention heads", config::positive());
    v("norm", norm, "LayerNorm after (post) or before (pre) each residual branch");
    v("positions", positions, "position vectors of queries and keys");
    v("query_pos", query_pos, "a query's position enters its content, every attention, or both");
  }
  void check(config::Problems& problems) const;
};

// What the learned queries e are at the start.
enum class QueryInit { kZero, kNormal, kGrid };
constexpr auto enum_names(QueryInit) {
  return std::to_array<config::Named<QueryInit>>(
      {{QueryInit::kZero, "zero", "0, as in the paper's Eq. 3"},
       {QueryInit::kNormal, "normal", "normal with the deviation query_init_std"},
       {QueryInit::kGrid, "grid", "the position vectors of a grid over the picture"}});
}

// The query parameters that a task asks for beside [CLS].
struct DecoderQueries {
  std::vector<int64_t> learned;  // rows of the table e, group after group: each group has a grid of its own
  bool mask_token = false;       // [M]
  QueryInit init = QueryInit::kZero;
  double init_std = 1;  // kNormal

  int64_t num_learned() const;
};

// The grid of `count` queries, about as high as wide: cells row by row, the last row may be short.
GridExtent query_grid(int64_t count);

// One layer's view of a level: key = memory + position, value = memory, both [B, K, d], filled up to the longest image.
struct Memory {
  at::Tensor key, value;
  at::Tensor mask;  // [B, 1, 1, K] bool, true = a cell of the image; undefined: all are
};

struct DecoderLayer : torch::nn::Module {
  explicit DecoderLayer(const DecoderConfig& config);
  // content and position [B, Q, d], self_mask as in Query -> content.
  at::Tensor forward(const at::Tensor& content, const at::Tensor& position, const Memory& memory,
                     const at::Tensor& self_mask) const;

  NormOrder order;
  std::shared_ptr<MultiheadAttention> cross_attn, self_attn;
  std::shared_ptr<Linear> linear1, linear2;
  std::shared_ptr<LayerNorm> norm1, norm2, norm3;
};

// The logits of the queries' masks, as MaskedAttention has them, from queries [B, Q, d] after the final norm.
using MaskLogits = std::function<std::vector<at::Tensor>(const at::Tensor& decoded)>;

struct Decoder : torch::nn::Module {
  Decoder(const DecoderConfig& config, const DecoderQueries& queries);
  // -> [L, B, Q, d] after the final norm: of `supervised` layers (from 1, ascending; 0: the queries as they start), or of
  // the last one if that is empty. With `masks`, attention is masked.
  at::Tensor forward(const Pyramid& pyramid, const Query& query, const std::vector<int64_t>& supervised = {},
                     const MaskLogits& masks = {}) const;

  DecoderConfig config;
  at::Tensor cls_token, mask_token;  // [d]
  at::Tensor query_embed;            // e [M, d]
  at::Tensor level_embed;            // [3, d], coarse to fine
  std::shared_ptr<ModuleList<DecoderLayer>> layers;
  std::shared_ptr<LayerNorm> norm;

 private:
  struct Start {
    at::Tensor tokens, positions;  // [B, Q, d]
  };
  Memory memory(const Pyramid& pyramid, const ImageRange& images, int64_t level) const;
  // Which of the `cells` (as Memory::mask) each query sees in a layer, from 0, that it enters as x: [B, 1, Q, K].
  at::Tensor attention_mask(const MaskLogits& masks, const at::Tensor& x, const std::vector<RunPart>& parts, int64_t layer,
                            const at::Tensor& cells) const;
  Start start(const HiddenUnits& units, const BatchPlan& plan, const ImageRange& images) const;
  Start start(const LearnedQueries& queries, const BatchPlan& plan, const ImageRange& images) const;
  Start start(const ClsQuery&, const BatchPlan& plan, const ImageRange& images) const;
  // Our own mistake (TORCH_CHECK): what the decoder isn't asked.
  Start start(const auto& other, const BatchPlan& plan, const ImageRange& images) const;
};

}  // namespace glid
