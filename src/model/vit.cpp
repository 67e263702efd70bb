#include "glid/model/vit.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <limits>
#include <map>

#include "glid/model/bias_table.h"
#include "glid/model/encoder_shape.h"
#include "glid/model/position_table.h"
#include "glid/nn/activation_checkpoint.h"
#include "glid/nn/position.h"
#include "glid/nn/weight_copies.h"
#include "glid/nn/window_attention.h"

namespace glid {
namespace {

constexpr double kNormEps = 1e-6;

// [B, R, C] of the rows of a run.
at::Tensor by_image(const at::Tensor& rows, int64_t batch) { return rows.view({batch, rows.size(0) / batch, rows.size(1)}); }

// [1 or B, N, N] int32 rows of a table of (2w - 1)^2: those of the differences between the cells [1 or B, N] of two patches.
at::Tensor index_of_patches(const at::Tensor& cells, int64_t width, int64_t window) {
  const auto differences = [&](const at::Tensor& place) { return place.unsqueeze(2) - place.unsqueeze(1) + (window - 1); };
  const at::Tensor y = differences(cells.div(width, "floor")), x = differences(cells.remainder(width));
  return (y * (2 * window - 1) + x).to(at::kInt);
}

// The same with the class token as the first row: its three biases stand behind the others (BEiT).
at::Tensor index_with_class(const at::Tensor& patches, int64_t window) {
  const int64_t first = (2 * window - 1) * (2 * window - 1);
  at::Tensor index = at::constant_pad_nd(patches, {1, 0, 1, 0}, first);  // of the class token to patches
  index.slice(1, 1).select(2, 0).fill_(first + 1);
  index.select(1, 0).select(1, 0).fill_(first + 2);
  return index;
}

// [B, 1, N, N]: a token sees those before it and the first prefix [B] ones (AIM).
at::Tensor causal(const at::Tensor& prefix, int64_t num_tokens) {
  const at::Tensor place = at::arange(num_tokens, prefix.options());
  const at::Tensor before = place.unsqueeze(0).le(place.unsqueeze(1));                   // [N, N]
  const at::Tensor in_prefix = place.lt(prefix.unsqueeze(1)).unsqueeze(1).unsqueeze(1);  // [B, 1, 1, N]
  return before.logical_or(in_prefix);
}

// What is added to the scores, or which may be looked at; none: nothing of both.
std::optional<at::Tensor> mask_of(const VitRun& run, const at::Tensor& bias) {
  if (!bias.defined()) return run.allowed.defined() ? std::optional(run.allowed) : std::nullopt;
  if (!run.allowed.defined()) return bias;
  return at::where(run.allowed, bias, at::scalar_tensor(-std::numeric_limits<double>::infinity(), bias.options()));
}

std::shared_ptr<LayerNorm> vit_norm(int64_t channels) { return std::make_shared<LayerNorm>(channels, kNormEps); }

}  // namespace

VitBiasTable::VitBiasTable(const VitShape& shape)
    : relative_position_bias_table(
          register_parameter("relative_position_bias_table", at::empty({shape.num_biases(), shape.heads}))) {}

at::Tensor VitRun::bias_of(int64_t block) const {
  return tables.empty() ? bias : relative_bias(tables[static_cast<size_t>(block)], bias_index);
}

VitAttention::VitAttention(const VitShape& shape)
    : heads(shape.heads),
      qkv(register_module("qkv", std::make_shared<Linear>(shape.channels, 3 * shape.channels))),
      proj(register_module("proj", std::make_shared<Linear>(shape.channels, shape.channels))) {
  if (shape.relative_bias == BiasSharing::kEach)
    bias = register_module("rel_pos_bias", std::make_shared<VitBiasTable>(shape));
}

at::Tensor VitAttention::forward(const at::Tensor& x, const VitRows& rows, int64_t block) const {
  size_t next = 0;
  const auto attend = [&](const at::Tensor& projected, const ImageRun&) {
    const VitRun& run = rows.runs[next++];
    const int64_t channels = projected.size(1) / 3;
    const auto parts = projected.view({run.batch, projected.size(0) / run.batch, 3, heads, channels / heads})
                           .permute({2, 0, 3, 1, 4})
                           .unbind(0);  // each [B, heads, R, C / heads]
    const at::Tensor y = at::scaled_dot_product_attention(parts[0], parts[1], parts[2], mask_of(run, run.bias_of(block)));
    return y.transpose(1, 2).reshape({projected.size(0), channels});
  };
  return proj->forward(over_runs(qkv->forward(x), rows.plan, rows.stage, attend, rows.beside));
}

UnitUpsample::UnitUpsample(int64_t in, int64_t out)
    : weight(register_parameter("weight", at::empty({in, out, 2, 2}))), bias(register_parameter("bias", at::zeros({out}))) {}

at::Tensor UnitUpsample::forward(const at::Tensor& x, int64_t side) const {
  const int64_t channels = bias.size(0);
  return at::matmul(x, autocast_weight(weight).flatten(1))
             .view({-1, side, side, channels, 2, 2})
             .permute({0, 1, 4, 2, 5, 3})  // unit, row, dy, column, dx, channel
             .reshape({-1, channels}) +
         bias;
}

VitPyramid::VitPyramid(const VitShape& shape)
    : quarter1(register_module("quarter1", std::make_shared<UnitUpsample>(shape.channels, shape.stage_channels(1)))),
      quarter2(
          register_module("quarter2", std::make_shared<UnitUpsample>(shape.stage_channels(1), shape.stage_channels(0)))),
      half(register_module("half", std::make_shared<UnitUpsample>(shape.channels, shape.stage_channels(1)))),
      quarter_norm(register_module("quarter_norm", vit_norm(shape.stage_channels(1)))) {}

StageTokens VitPyramid::forward(const at::Tensor& x) const {
  const at::Tensor finer = at::gelu(quarter_norm->forward(quarter1->forward(x, unit_side(2))));
  return {quarter2->forward(finer, unit_side(1)), half->forward(x, unit_side(2)), x, pool_in_units(x, 2)};
}

VitPatchEmbed::VitPatchEmbed(const VitShape& shape)
    : proj(register_module("proj", std::make_shared<PatchProjection>(shape.channels, shape.patch))) {}

Vit::Vit(const VitShape& shape, const EncoderUse& use)
    : shape(shape),
      patch_embed(register_module("patch_embed", std::make_shared<VitPatchEmbed>(shape))),
      blocks(register_module("blocks", std::make_shared<ModuleList<VitBlock>>())),
      norm(register_module("norm", vit_norm(shape.channels))) {
  if (shape.class_token) cls_token = register_parameter("cls_token", at::empty({1, 1, shape.channels}));
  if (shape.positions == VitPositions::kLearned)
    pos_embed = register_parameter("pos_embed", at::empty({1, shape.beside() + shape.grid * shape.grid, shape.channels}));
  if (shape.relative_bias == BiasSharing::kShared)
    rel_pos_bias = register_module("rel_pos_bias", std::make_shared<VitBiasTable>(shape));
  for (int64_t block = 0; block < shape.depth; ++block)
    blocks->append(std::make_shared<VitAttention>(shape), shape.channels, kNormEps, shape.layer_scale);
  if (use.mask_token) mask_token = register_parameter("mask_token", at::empty({shape.channels}));
  if (use.pyramid && shape.has_pyramid()) pyramid = register_module("pyramid", std::make_shared<VitPyramid>(shape));
}

EncoderShape Vit::encoder_shape() const { return shape; }

// [T_r, C] -> [B_r R, C]: an image's class token, then its patches.
at::Tensor Vit::with_positions(const at::Tensor& tokens, const ImageRun& run) const {
  const int stage = shape.token_stage();
  const int64_t batch = run.plan->batch, height = run.plan->height(stage), width = run.plan->width(stage);
  const at::Tensor& cells = run.plan->cells[stage];
  at::Tensor x = tokens, first = cls_token;
  if (shape.positions == VitPositions::kSinCos) {
    const GridExtent extent{height, width, static_cast<double>(height), static_cast<double>(width)};
    x = x + position_vectors(PositionKind::kMae, cells, extent, shape.channels).flatten(0, 1).to(x.scalar_type());
  } else if (shape.positions == VitPositions::kLearned) {
    const at::Tensor positions = resize_positions(pos_embed, height, width)[0].slice(0, shape.beside());
    x = x + positions.index_select(0, cells.flatten()).to(x.scalar_type());
    if (shape.class_token) first = first + pos_embed.narrow(1, 0, 1);
  }
  if (!shape.class_token) return x;
  return at::cat({first.to(x.scalar_type()).expand({batch, 1, shape.channels}), by_image(x, batch)}, 1).flatten(0, 1);
}

// [(2w - 1)^2 (+ 3), heads] of the one that blocks share, or of each.
std::vector<at::Tensor> Vit::bias_tables(int64_t window) const {
  std::vector<at::Tensor> tables;
  if (rel_pos_bias) tables.push_back(rel_pos_bias->relative_position_bias_table);
  else
    for (const auto& block : blocks->items) tables.push_back(block->attn->bias->relative_position_bias_table);
  if (window == shape.grid) return tables;
  return resize_bias_table(at::cat(tables, 1), window, BiasResize::kBicubic).split(shape.heads, 1);
}

VitRows Vit::rows_of(const View& view) const {
  const int stage = shape.token_stage();
  VitRows rows{view.plan, stage, shape.beside(), {}};
  std::map<int64_t, std::vector<at::Tensor>> tables;  // by window
  int64_t first = 0;
  for (const ImageRun& image_run : view.plan.runs) {
    const PlanTensors& plan = *image_run.plan;
    VitRun run{.batch = plan.batch, .window = std::max(plan.height(stage), plan.width(stage))};
    if (shape.relative_bias != BiasSharing::kNone) {
      const at::Tensor cells = plan.is_whole() ? plan.cells[stage].narrow(0, 0, 1) : plan.cells[stage];
      run.bias_index = index_of_patches(cells, plan.width(stage), run.window);
      if (shape.class_token) run.bias_index = index_with_class(run.bias_index, run.window);
      if (!tables.contains(run.window)) tables[run.window] = bias_tables(run.window);
      if (rel_pos_bias) run.bias = relative_bias(tables[run.window][0], run.bias_index);
      else run.tables = tables[run.window];
    }
    if (view.prefix.defined()) run.allowed = causal(view.prefix.narrow(0, first, plan.batch), plan.tokens_per_image(stage));
    rows.runs.push_back(std::move(run));
    first += plan.batch;
  }
  return rows;
}

at::Tensor Vit::normed_rows(const at::Tensor& units, const View& view) const {
  RECORD_USER_SCOPE("encoder");
  TORCH_CHECK(!view.prefix.defined() || !shape.class_token, "a class token has no place in an order of tokens");
  const auto kept = std::make_shared<const View>(view);  // as long as checkpointed blocks need its rows
  const auto rows = std::make_shared<const VitRows>(rows_of(*kept));
  const auto start = [&](const at::Tensor& tokens, const ImageRun& run) { return with_positions(tokens, run); };
  const at::Tensor patches = replace_units(patch_embed->proj->forward(visible_units(units, view.plan)), view, mask_token);
  at::Tensor x = over_runs(patches, view.plan, rows->stage, start);
  const DropPath drop_path{shape.drop_path, shape.depth};
  for (int64_t b = 0; b < blocks->size(); ++b) {
    const at::Tensor keep = is_training() ? drop_path.keep(view, b) : at::Tensor();
    const at::Tensor keep_rows = keep_of_rows(keep, view.plan, rows->stage, rows->beside);
    x = CheckpointedBlocks::block(
        [x, keep_rows, kept, rows, b, &block = (*blocks)[b]] { return block.forward(x, keep_rows, *rows, b); });
  }
  return norm->forward(x);
}

LastTokens Vit::last_tokens(const at::Tensor& units, const View& view) const {
  LastTokens last{normed_rows(units, view), shape.token_stage(), {}};
  if (!shape.class_token) return last;
  const auto taken = [&](bool is_class) {
    return over_runs(
        last.tokens, view.plan, last.stage,
        [&](const at::Tensor& rows, const ImageRun& run) {
          const at::Tensor x = by_image(rows, run.plan->batch);
          return is_class ? x.select(1, 0) : x.slice(1, 1).flatten(0, 1);
        },
        1);
  };
  return {taken(false), last.stage, taken(true)};
}

StageTokens Vit::forward(const at::Tensor& units, const View& view) const {
  TORCH_CHECK(pyramid, "a ViT whose units are one patch, or whose last tokens alone are read, has no pyramid");
  return pyramid->forward(last_tokens(units, view).tokens);
}

}  // namespace glid
