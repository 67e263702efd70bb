#include "glid/model/decoder.h"

#include <ATen/ATen.h>

namespace glid {
namespace {

// Rows of a position table for cells [B, N] -> [B, N, d].
at::Tensor positions_at(const at::Tensor& table, const at::Tensor& cells) {
  return table.index_select(0, cells.reshape(-1)).view({cells.size(0), cells.size(1), table.size(1)});
}

}  // namespace

DecoderLayer::DecoderLayer(const DecoderShape& shape)
    : order(shape.norm),
      cross_attn(register_module("cross_attn", std::make_shared<MultiheadAttention>(shape.width, shape.heads))),
      self_attn(register_module("self_attn", std::make_shared<MultiheadAttention>(shape.width, shape.heads))),
      linear1(register_module("linear1", std::make_shared<Linear>(shape.width, shape.ffn))),
      linear2(register_module("linear2", std::make_shared<Linear>(shape.ffn, shape.width))),
      norm1(register_module("norm1", std::make_shared<LayerNorm>(shape.width))),
      norm2(register_module("norm2", std::make_shared<LayerNorm>(shape.width))),
      norm3(register_module("norm3", std::make_shared<LayerNorm>(shape.width))) {}

at::Tensor DecoderLayer::forward(const at::Tensor& content, const at::Tensor& position, const Memory& memory) const {
  const auto residual = [this](const at::Tensor& x, const LayerNorm& norm, const auto& branch) {
    return order == NormOrder::kPost ? norm.forward(x + branch(x)) : x + branch(norm.forward(x));
  };
  const auto cross = [&](const at::Tensor& x) { return cross_attn->forward(x + position, memory.key, memory.value); };
  const auto self = [&](const at::Tensor& x) { return self_attn->forward(x + position, x + position, x); };
  const auto ffn = [&](const at::Tensor& x) { return linear2->forward(at::relu(linear1->forward(x))); };
  at::Tensor x = residual(content, *norm1, cross);
  x = residual(x, *norm2, self);
  return residual(x, *norm3, ffn);
}

Decoder::Decoder(const DecoderShape& shape)
    : shape(shape),
      cls_token(register_parameter("cls_token", at::empty({shape.width}))),
      mask_token(register_parameter("mask_token", at::empty({shape.width}))),
      level_embed(register_parameter("level_embed", at::empty({kNumDecoderLevels, shape.width}))),
      layers(register_module("layers", std::make_shared<ModuleList<DecoderLayer>>())),
      norm(register_module("norm", std::make_shared<LayerNorm>(shape.width))) {
  for (int64_t i = 0; i < shape.layers; ++i) layers->append(shape);
}

Memory Decoder::memory(const at::Tensor& tokens, const PlanTensors& plan, int64_t level) const {
  const int stage = kNumStages - 1 - static_cast<int>(level);
  const at::Tensor table =
      position_table(shape.positions, plan.height(stage), plan.width(stage), shape.width, tokens.device());
  const at::Tensor value = tokens.view({plan.batch, -1, shape.width}) + level_embed[level];
  return {value + positions_at(table, plan.cells[stage]).to(value.scalar_type()), value};
}

at::Tensor Decoder::query_positions(const PlanTensors& plan) const {
  const at::Tensor table =
      position_table(shape.positions, plan.grid.height, plan.grid.width, shape.width, plan.hidden_cells.device());
  const at::Tensor cls = at::zeros({plan.batch, 1, shape.width}, table.options());
  return at::cat({cls, positions_at(table, plan.hidden_cells)}, 1).to(cls_token.scalar_type());
}

at::Tensor Decoder::query_tokens(const PlanTensors& plan) const {
  const int64_t num_masked = plan.hidden_cells.size(1);
  return at::cat({cls_token.expand({plan.batch, 1, shape.width}), mask_token.expand({plan.batch, num_masked, shape.width})},
                 1);
}

at::Tensor Decoder::forward(const Pyramid& pyramid, const PlanTensors& plan) const {
  std::array<Memory, kNumDecoderLevels> levels;
  for (int64_t l = 0; l < kNumDecoderLevels; ++l) levels[l] = memory(pyramid[kNumStages - 1 - l], plan, l);
  const at::Tensor place = query_positions(plan), nowhere = at::zeros_like(place);
  at::Tensor x = query_tokens(plan);
  if (shape.query_position != QueryPosition::kAttention) x = x + place;
  const at::Tensor& attended = shape.query_position == QueryPosition::kContent ? nowhere : place;
  for (int64_t i = 0; i < layers->size(); ++i) x = (*layers)[i].forward(x, attended, levels[i % kNumDecoderLevels]);
  return norm->forward(x);
}

}  // namespace glid
