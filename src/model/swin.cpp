#include "glid/model/swin.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include "glid/nn/window_attention.h"

namespace glid {
namespace {

// [2, T] factors of block number `block`, or undefined where nothing is dropped.
at::Tensor keep_factors(const SwinShape& shape, const View& view, int64_t block, int stage) {
  const double rate =
      shape.drop_path * static_cast<double>(block) / static_cast<double>(std::max<int64_t>(shape.num_blocks() - 1, 1));
  if (!view.drop_path.defined() || rate == 0) return {};
  const at::Tensor factors = view.drop_path.narrow(0, 2 * block, 2).ge(rate).to(at::kFloat) / (1 - rate);  // [2, B]
  return at::stack({per_token(factors[0], view.plan, stage), per_token(factors[1], view.plan, stage)});
}

// x + branch, the branch of every token scaled by its factor.
at::Tensor add_branch(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& keep, int64_t which) {
  if (!keep.defined()) return x + branch;
  return x + branch * keep[which].to(branch.scalar_type()).unsqueeze(1);
}

// x [T, C] with the token in the place of all patches of the units of these rows.
at::Tensor replace_units(const at::Tensor& x, const at::Tensor& rows, const at::Tensor& token) {
  const at::Tensor is_kept = at::ones({x.size(0) / (kUnitSide * kUnitSide), 1, 1}, x.options()).index_fill(0, rows, 0);
  const at::Tensor patches = x.view({-1, kUnitSide * kUnitSide, x.size(1)});
  return (patches * is_kept + token.to(x.scalar_type()) * (1 - is_kept)).view(x.sizes());
}

}  // namespace

at::Tensor to_units(const at::Tensor& images, int64_t unit_px) {
  const int64_t rows = images.size(1) / unit_px, columns = images.size(2) / unit_px;
  return images.view({images.size(0), rows, unit_px, columns, unit_px, 3})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, unit_px, unit_px, 3});
}

at::Tensor from_units(const at::Tensor& units, const UnitGrid& grid) {
  const int64_t side = units.size(1), channels = units.size(3);
  return units.view({-1, grid.height, grid.width, side, side, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, grid.height * side, grid.width * side, channels});
}

PatchEmbed::Projection::Projection(int64_t channels, int64_t patch)
    : weight(register_parameter("weight", at::empty({channels, 3, patch, patch}))),
      bias(register_parameter("bias", at::zeros({channels}))) {}

PatchEmbed::PatchEmbed(const SwinShape& shape)
    : patch(shape.patch),
      proj(register_module("proj", std::make_shared<Projection>(shape.channels, shape.patch))),
      norm(register_module("norm", std::make_shared<LayerNorm>(shape.channels))) {}

at::Tensor PatchEmbed::forward(const at::Tensor& units) const {
  const at::Tensor patches = units.to(proj->weight.scalar_type())
                                 .view({-1, kUnitSide, patch, kUnitSide, patch, 3})
                                 .permute({0, 1, 3, 5, 2, 4})  // unit, row, column, channel, dy, dx
                                 .reshape({-1, 3 * patch * patch});
  return norm->forward(at::linear(patches, proj->weight.flatten(1), proj->bias));
}

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

Mlp::Mlp(int64_t channels)
    : fc1(register_module("fc1", std::make_shared<Linear>(channels, 4 * channels))),
      fc2(register_module("fc2", std::make_shared<Linear>(4 * channels, channels))) {}

at::Tensor Mlp::forward(const at::Tensor& x) const { return fc2->forward(at::gelu(fc1->forward(x))); }

SwinBlock::SwinBlock(int64_t channels, int64_t heads, int64_t window)
    : norm1(register_module("norm1", std::make_shared<LayerNorm>(channels))),
      norm2(nullptr),
      attn(register_module("attn", std::make_shared<WindowAttention>(channels, heads, window))) {
  norm2 = register_module("norm2", std::make_shared<LayerNorm>(channels));
  mlp = register_module("mlp", std::make_shared<Mlp>(channels));
}

at::Tensor SwinBlock::forward(const at::Tensor& x, const BlockPlace& place, const at::Tensor& keep) const {
  const at::Tensor y = add_branch(x, attn->forward(norm1->forward(x), place), keep, 0);
  return add_branch(y, mlp->forward(norm2->forward(y)), keep, 1);
}

PatchMerging::PatchMerging(int64_t channels)
    : norm(register_module("norm", std::make_shared<LayerNorm>(4 * channels))),
      reduction(register_module("reduction", std::make_shared<Linear>(4 * channels, 2 * channels, /*with_bias=*/false))) {}

at::Tensor PatchMerging::forward(const at::Tensor& x, int64_t side) const {
  const int64_t half = side / 2, channels = x.size(1);
  const at::Tensor merged = x.view({-1, half, 2, half, 2, channels})
                                .permute({0, 1, 3, 4, 2, 5})  // unit, row, column, dx, dy, channel
                                .reshape({-1, 4 * channels});
  return reduction->forward(norm->forward(merged));
}

SwinStage::SwinStage(const SwinShape& shape, int stage)
    : blocks(register_module("blocks", std::make_shared<ModuleList<SwinBlock>>())) {
  const int64_t channels = shape.stage_channels(stage);
  for (int64_t b = 0; b < shape.depths[stage]; ++b) blocks->append(channels, shape.heads[stage], shape.windows[stage]);
  if (stage + 1 < kNumStages) downsample = register_module("downsample", std::make_shared<PatchMerging>(channels));
}

Swin::Swin(const SwinShape& shape, const EncoderParts& parts)
    : shape(shape),
      patch_embed(register_module("patch_embed", std::make_shared<PatchEmbed>(shape))),
      layers(register_module("layers", std::make_shared<ModuleList<SwinStage>>())) {
  for (int stage = 0; stage < kNumStages; ++stage) {
    layers->append(shape, stage);
    if (!parts.all_stages && stage + 1 < kNumStages) continue;
    norms[stage] = register_module("norm" + std::to_string(stage), std::make_shared<LayerNorm>(shape.stage_channels(stage)));
  }
  if (parts.mask_token) mask_token = register_parameter("mask_token", at::empty({shape.channels}));
}

StageTokens Swin::forward(const at::Tensor& units, const View& view) const {
  RECORD_USER_SCOPE("encoder");
  StageTokens outputs;
  at::Tensor x = patch_embed->forward(visible_units(units, view.plan));
  if (view.replaced_units.defined()) x = replace_units(x, view.replaced_units, mask_token);
  int64_t block = 0;
  for (int stage = 0; stage < kNumStages; ++stage) {
    const SwinStage& layer = (*layers)[stage];
    for (int64_t b = 0; b < layer.blocks->size(); ++b, ++block)
      x = (*layer.blocks)[b].forward(x, {view.plan, stage, b % 2 == 1},
                                     is_training() ? keep_factors(shape, view, block, stage) : at::Tensor());
    if (norms[stage]) outputs[stage] = norms[stage]->forward(x);
    if (layer.downsample) x = layer.downsample->forward(x, unit_side(stage));
  }
  return outputs;
}

}  // namespace glid
