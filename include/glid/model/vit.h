// Vision transformer on visible tokens only (Dosovitskiy et al., ICLR 2021), with what MAE, BEiT and AIM add to it as
// switches (He et al., CVPR 2022; Bao et al., ICLR 2022; El-Nouby et al., ICML 2024). Parameters have timm's names.
//
// A unit is 2 x 2 patches, or one. Attention is among all visible tokens of an image, so hidden ones are as good as masked,
// and a plan has no windows. With units of 2 x 2 patches the map after the last norm becomes four of strides 1/4, 1/2, 1, 2
// patches by ViTDet's layers (Li et al., ECCV 2022; it has no such norm), whose operations stay inside units.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <vector>

#include "glid/config/value.h"
#include "glid/model/encoder.h"
#include "glid/model/encoder_parts.h"
#include "glid/nn/layers.h"

namespace glid {

enum class VitPositions { kSinCos, kLearned, kNone };
constexpr auto enum_names(VitPositions) {
  return std::to_array<config::Named<VitPositions>>(
      {{VitPositions::kSinCos, "sincos"}, {VitPositions::kLearned, "learned"}, {VitPositions::kNone, "none"}});
}

enum class BiasSharing { kNone, kShared, kEach };
constexpr auto enum_names(BiasSharing) {
  return std::to_array<config::Named<BiasSharing>>(
      {{BiasSharing::kNone, "none"}, {BiasSharing::kShared, "shared"}, {BiasSharing::kEach, "each"}});
}

struct VitShape {
  int64_t channels = 768, depth = 12, heads = 12;
  int64_t patch = 16;  // px
  int64_t unit = 2;    // patches along a unit's side: 2, or 1 without a pyramid
  VitPositions positions = VitPositions::kLearned;
  BiasSharing relative_bias = BiasSharing::kNone;
  // Patches along a side of the images that learned positions and bias tables are made for; for other images both are
  // resized.
  int64_t grid = 14;
  bool class_token = true;
  std::optional<double> layer_scale;  // at the start; none: branches are added as they are
  double drop_path = 0.0;             // of the last block; rising linearly from 0

  int64_t unit_px() const { return unit * patch; }
  bool has_pyramid() const { return unit == 2; }
  // The stage whose tokens of a plan are the patches.
  int token_stage() const { return kNumStages - static_cast<int>(unit); }
  int64_t stage_channels(int stage) const { return stage < 2 ? channels / 4 * (stage + 1) : channels; }
  int64_t beside() const { return class_token ? 1 : 0; }  // rows of an image beside its patches
  // Of a bias table: differences of places, and with a class token its own three.
  int64_t num_biases() const { return (2 * grid - 1) * (2 * grid - 1) + 3 * beside(); }
};

// Which rows of the images of a run attend to each other; an image's rows R are its class token and its visible patches.
struct VitRun {
  int64_t batch = 0;
  int64_t window = 0;     // patches along the longer side of the images
  at::Tensor bias_index;  // [1 or B, R, R] int32 rows of a bias table for `window`; undefined without relative bias
  at::Tensor allowed;     // [B, 1, R, R] bool, true = may attend; undefined: all
  at::Tensor bias;        // [1 or B, heads, R, R] that all blocks share; undefined: none
  std::vector<at::Tensor> tables;  // [(2w - 1)^2 (+ 3), heads] for `window`, one a block; empty where they don't differ

  // What is added to a block's scores; undefined: nothing.
  at::Tensor bias_of(int64_t block) const;
};

// The rows of a batch, and its runs in order.
struct VitRows {
  const BatchPlan& plan;
  int stage;
  int64_t beside;
  std::vector<VitRun> runs;
};

struct VitBiasTable : torch::nn::Module {
  explicit VitBiasTable(const VitShape& shape);

  at::Tensor relative_position_bias_table;  // [(2 grid - 1)^2 (+ 3), heads]
};

struct VitAttention : torch::nn::Module {
  explicit VitAttention(const VitShape& shape);
  at::Tensor forward(const at::Tensor& x, const VitRows& rows, int64_t block) const;  // [rows, C]

  int64_t heads;
  std::shared_ptr<Linear> qkv, proj;
  std::shared_ptr<VitBiasTable> bias;  // none unless every block has its own
};

using VitBlock = TransformerBlock<VitAttention>;

// A 2 x 2 transposed convolution of stride 2 inside units.
struct UnitUpsample : torch::nn::Module {
  UnitUpsample(int64_t in, int64_t out);
  at::Tensor forward(const at::Tensor& x, int64_t side) const;  // [T, in], units of side x side -> [4T, out]

  at::Tensor weight, bias;  // [in, out, 2, 2], [out]
};

// ViTDet's simple feature pyramid without its lateral layers, which are the BiFPN's.
struct VitPyramid : torch::nn::Module {
  explicit VitPyramid(const VitShape& shape);
  StageTokens forward(const at::Tensor& x) const;  // [T, C] of stage 2

  std::shared_ptr<UnitUpsample> quarter1, quarter2, half;
  std::shared_ptr<LayerNorm> quarter_norm;
};

struct VitPatchEmbed : torch::nn::Module {
  explicit VitPatchEmbed(const VitShape& shape);

  std::shared_ptr<PatchProjection> proj;
};

struct Vit : TokenEncoder {
  explicit Vit(const VitShape& shape, const EncoderUse& use = {});

  EncoderShape encoder_shape() const override;
  // The pyramid of the normed map. Our own mistake (TORCH_CHECK) where there is none.
  StageTokens forward(const at::Tensor& units, const View& view) const override;
  LastTokens last_tokens(const at::Tensor& units, const View& view) const override;

  VitShape shape;
  at::Tensor cls_token;   // [1, 1, C]
  at::Tensor mask_token;  // [C], in the place of the embedded patches of replaced units (Bao et al., BEiT, ICLR 2022)
  at::Tensor pos_embed;   // [1, (1 +) grid^2, C], the class token's first; undefined unless learned
  std::shared_ptr<VitPatchEmbed> patch_embed;
  std::shared_ptr<VitBiasTable> rel_pos_bias;  // none unless it is shared
  std::shared_ptr<ModuleList<VitBlock>> blocks;
  std::shared_ptr<LayerNorm> norm;
  std::shared_ptr<VitPyramid> pyramid;  // none for units of one patch, and where nobody needs it

 private:
  at::Tensor normed_rows(const at::Tensor& units, const View& view) const;
  at::Tensor with_positions(const at::Tensor& tokens, const ImageRun& run) const;
  VitRows rows_of(const View& view) const;
  std::vector<at::Tensor> bias_tables(int64_t window) const;
};

}  // namespace glid
