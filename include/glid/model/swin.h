// Swin Transformer v1 on visible tokens only (Liu et al., ICCV 2021; parameter names of microsoft/Swin-Transformer,
// plus norm0..norm3 on the stage outputs as in its detection code; the official final `norm` is norm3).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <memory>
#include <string>

#include "glid/model/encoder.h"
#include "glid/model/encoder_parts.h"

namespace glid {

struct SwinShape {
  int64_t channels = 128;  // of stage 0, doubled by every merging
  std::array<int64_t, kNumStages> depths{2, 2, 18, 2};
  std::array<int64_t, kNumStages> heads{4, 8, 16, 32};
  StageWindows windows{7, 7, 7, 7};
  int64_t patch = 4;       // px
  double drop_path = 0.0;  // of the last block; rising linearly from 0

  int64_t unit_px() const { return kUnitSide * patch; }
  int64_t stage_channels(int stage) const { return channels << stage; }
  int64_t num_blocks() const { return depths[0] + depths[1] + depths[2] + depths[3]; }
};

struct PatchEmbed : torch::nn::Module {
  explicit PatchEmbed(const SwinShape& shape);
  at::Tensor forward(const at::Tensor& units) const;  // [B * K, U, U, 3] -> [T, C], unit-major

  std::shared_ptr<PatchProjection> proj;
  std::shared_ptr<LayerNorm> norm;
};

// Where a block stands: which windows of a batch its tokens are in.
struct BlockPlace {
  const BatchPlan& plan;
  int stage;
  bool shifted;
};

struct WindowAttention : torch::nn::Module {
  WindowAttention(int64_t channels, int64_t heads, int64_t window);
  at::Tensor forward(const at::Tensor& x, const BlockPlace& place) const;  // [T, C]

  at::Tensor relative_position_bias_table;  // [(2w-1)^2, heads]
  std::shared_ptr<Linear> qkv, proj;
};

using SwinBlock = TransformerBlock<WindowAttention>;

// 2x2 neighbours in the order (0,0), (1,0), (0,1), (1,1) [row, column] -> LN(4C) -> Linear(4C, 2C) without bias.
struct PatchMerging : torch::nn::Module {
  explicit PatchMerging(int64_t channels);
  at::Tensor forward(const at::Tensor& x, int64_t side) const;  // [T, C], units of side x side -> [T / 4, 2C]

  std::shared_ptr<LayerNorm> norm;
  std::shared_ptr<Linear> reduction;
};

struct SwinStage : torch::nn::Module {
  SwinStage(const SwinShape& shape, int stage);

  std::shared_ptr<ModuleList<SwinBlock>> blocks;
  std::shared_ptr<PatchMerging> downsample;  // none after the last stage
};

struct Swin : TokenEncoder {
  explicit Swin(const SwinShape& shape, const EncoderUse& use = {});

  EncoderShape encoder_shape() const override;
  StageTokens forward(const at::Tensor& units, const View& view) const override;     // after norm0..norm3
  LastTokens last_tokens(const at::Tensor& units, const View& view) const override;  // the last of them

  SwinShape shape;
  at::Tensor mask_token;  // [C], in the place of the embedded patches of replaced units (Xie et al., SimMIM, CVPR 2022)
  std::shared_ptr<PatchEmbed> patch_embed;
  std::shared_ptr<ModuleList<SwinStage>> layers;
  std::array<std::shared_ptr<LayerNorm>, kNumStages> norms;  // the last alone where there is no pyramid

 private:
  StageTokens stages(const at::Tensor& units, const View& view) const;  // undefined where there is no norm
};

}  // namespace glid
