#include "glid/model/swin.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include "glid/model/encoder_shape.h"
#include "glid/nn/activation_checkpoint.h"
#include "glid/nn/low_precision_norm.h"
#include "glid/nn/window_attention.h"

namespace glid {
namespace {

constexpr double kNormEps = 1e-5;

}  // namespace

PatchEmbed::PatchEmbed(const SwinShape& shape)
    : proj(register_module("proj", std::make_shared<PatchProjection>(shape.channels, shape.patch))),
      norm(register_module("norm", std::make_shared<LayerNorm>(shape.channels))) {}

at::Tensor PatchEmbed::forward(const at::Tensor& units) const { return norm->forward(proj->forward(units)); }

WindowAttention::WindowAttention(int64_t channels, int64_t heads, int64_t window)
    : relative_position_bias_table(
          register_parameter("relative_position_bias_table", at::empty({(2 * window - 1) * (2 * window - 1), heads}))),
      qkv(register_module("qkv", std::make_shared<Linear>(channels, 3 * channels))),
      proj(register_module("proj", std::make_shared<Linear>(channels, channels))) {}

at::Tensor WindowAttention::forward(const at::Tensor& x, const BlockPlace& place) const {
  const auto attend = [&](const at::Tensor& tokens, const ImageRun& run) {
    return window_attention(tokens, qkv->bias, relative_position_bias_table, run.plan->windows(place.stage, place.shifted));
  };
  return proj->forward(over_runs(qkv->forward(x), place.plan, place.stage, attend));
}

PatchMerging::PatchMerging(int64_t channels)
    : norm(register_module("norm", std::make_shared<LayerNorm>(4 * channels))),
      reduction(register_module("reduction", std::make_shared<Linear>(4 * channels, 2 * channels, /*with_bias=*/false))) {}

at::Tensor PatchMerging::forward(const at::Tensor& x, int64_t side) const {
  const int64_t half = side / 2, channels = x.size(1);
  const at::Tensor merged = x.view({-1, half, 2, half, 2, channels})
                                .permute({0, 1, 3, 4, 2, 5})  // unit, row, column, dx, dy, channel
                                .reshape({-1, 4 * channels});
  return reduction->forward(low_precision_norm(*norm, merged));
}

SwinStage::SwinStage(const SwinShape& shape, int stage)
    : blocks(register_module("blocks", std::make_shared<ModuleList<SwinBlock>>())) {
  const int64_t channels = shape.stage_channels(stage);
  for (int64_t b = 0; b < shape.depths[stage]; ++b)
    blocks->append(std::make_shared<WindowAttention>(channels, shape.heads[stage], shape.windows[stage]), channels,
                   kNormEps);
  if (stage + 1 < kNumStages) downsample = register_module("downsample", std::make_shared<PatchMerging>(channels));
}

Swin::Swin(const SwinShape& shape, const EncoderUse& use)
    : shape(shape),
      patch_embed(register_module("patch_embed", std::make_shared<PatchEmbed>(shape))),
      layers(register_module("layers", std::make_shared<ModuleList<SwinStage>>())) {
  for (int stage = 0; stage < kNumStages; ++stage) {
    layers->append(shape, stage);
    if (!use.pyramid && stage + 1 < kNumStages) continue;
    norms[stage] = register_module("norm" + std::to_string(stage), std::make_shared<LayerNorm>(shape.stage_channels(stage)));
  }
  if (use.mask_token) mask_token = register_parameter("mask_token", at::empty({shape.channels}));
}

StageTokens Swin::stages(const at::Tensor& units, const View& view) const {
  RECORD_USER_SCOPE("encoder");
  const DropPath drop_path{shape.drop_path, shape.num_blocks()};
  const auto plan = std::make_shared<const BatchPlan>(view.plan);  // as long as checkpointed blocks need it
  StageTokens outputs;
  at::Tensor x = replace_units(patch_embed->forward(visible_units(units, view.plan)), view, mask_token);
  int64_t block = 0;
  for (int stage = 0; stage < kNumStages; ++stage) {
    const SwinStage& layer = (*layers)[stage];
    for (int64_t b = 0; b < layer.blocks->size(); ++b, ++block) {
      const at::Tensor keep = is_training() ? keep_of_rows(drop_path.keep(view, block), *plan, stage) : at::Tensor();
      x = CheckpointedBlocks::block([=, &swin_block = (*layer.blocks)[b]] {
        return swin_block.forward(x, keep, BlockPlace{*plan, stage, b % 2 == 1});
      });
    }
    if (norms[stage]) outputs[stage] = norms[stage]->forward(x);
    if (layer.downsample) x = layer.downsample->forward(x, unit_side(stage));
  }
  return outputs;
}

StageTokens Swin::forward(const at::Tensor& units, const View& view) const {
  TORCH_CHECK(norms[0], "a Swin whose last stage alone is read has no pyramid");
  return stages(units, view);
}

LastTokens Swin::last_tokens(const at::Tensor& units, const View& view) const {
  return {.tokens = stages(units, view).back()};
}

EncoderShape Swin::encoder_shape() const { return shape; }

}  // namespace glid
