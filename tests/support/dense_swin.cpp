#include "support/dense_swin.h"

#include <cmath>
#include <limits>

namespace glid {
namespace {

// One window axis of the dense model: `w` tokens wide over a padded size, rolled by `shift`.
struct DenseAxis {
  int64_t size, w, padded, shift;
  DenseAxis(int64_t size, int64_t window, bool shifted)
      : size(size),
        w(std::min(size, window)),
        padded((size + w - 1) / w * w),
        shift(shifted && size > window ? window / 2 : 0) {}
};

at::Tensor partition(const at::Tensor& x, const DenseAxis& y, const DenseAxis& x_axis) {  // [B, H, W, C] -> [B, nW, w*w, C]
  return x.view({x.size(0), y.padded / y.w, y.w, x_axis.padded / x_axis.w, x_axis.w, x.size(3)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({x.size(0), -1, y.w * x_axis.w, x.size(3)});
}

at::Tensor unpartition(const at::Tensor& windows, const DenseAxis& y, const DenseAxis& x) {
  return windows.view({windows.size(0), y.padded / y.w, x.padded / x.w, y.w, x.w, windows.size(3)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({windows.size(0), y.padded, x.padded, windows.size(3)});
}

at::Tensor regions(const DenseAxis& axis) {  // [padded]: which part of the rolled axis a place came from
  const at::Tensor r = at::zeros({axis.padded}, at::kDouble);
  if (axis.shift == 0) return r;
  r.slice(0, axis.padded - axis.w, axis.padded - axis.shift).fill_(1);
  r.slice(0, axis.padded - axis.shift).fill_(2);
  return r;
}

at::Tensor bias(const at::Tensor& table, int64_t window, const DenseAxis& y, const DenseAxis& x) {  // [heads, w*w, w*w]
  const int64_t length = y.w * x.w;
  at::Tensor index = at::empty({length, length}, at::kLong);
  auto at_pair = index.accessor<int64_t, 2>();
  for (int64_t q = 0; q < length; ++q)
    for (int64_t k = 0; k < length; ++k)
      at_pair[q][k] = (q / x.w - k / x.w + window - 1) * (2 * window - 1) + (q % x.w - k % x.w + window - 1);
  return table.index_select(0, index.view(-1)).view({length, length, -1}).permute({2, 0, 1});
}

at::Tensor pad_and_roll(const at::Tensor& x, const DenseAxis& y, const DenseAxis& x_axis) {  // [B, H, W, C]
  const at::Tensor padded = at::constant_pad_nd(x, {0, 0, 0, x_axis.padded - x_axis.size, 0, y.padded - y.size});
  return at::roll(padded, {-y.shift, -x_axis.shift}, {1, 2});
}

// normed [B, H, W, C]; source [B, H, W, 1]: numbers, of which equal ones attend to each other; whole: padded keys are
// attended as in the reference.
at::Tensor attention(const WindowAttention& attn, const at::Tensor& normed, const at::Tensor& source, bool whole,
                     bool shifted) {
  const auto window =
      static_cast<int64_t>((std::sqrt(static_cast<double>(attn.relative_position_bias_table.size(0))) + 1) / 2);
  const DenseAxis y(normed.size(1), window, shifted), x(normed.size(2), window, shifted);
  const int64_t heads = attn.relative_position_bias_table.size(1), channels = normed.size(3);
  const at::Tensor windows = partition(pad_and_roll(normed, y, x), y, x);
  const auto qkv = attn.qkv->forward(windows)
                       .view({windows.size(0), windows.size(1), windows.size(2), 3, heads, channels / heads})
                       .permute({3, 0, 1, 4, 2, 5})
                       .unbind(0);
  at::Tensor scores = at::matmul(qkv[0] * std::pow(channels / heads, -0.5), qkv[1].transpose(3, 4)) +
                      bias(attn.relative_position_bias_table, window, y, x);
  const at::Tensor region = (regions(y).unsqueeze(1) * 3 + regions(x)).view({1, y.padded, x.padded, 1});
  const at::Tensor parts = partition(region, y, x).squeeze(3);  // [1, nW, w*w]
  const double inf = std::numeric_limits<double>::infinity();
  at::Tensor blocked = parts.unsqueeze(2).ne(parts.unsqueeze(3)).unsqueeze(2);
  if (!whole) {
    const at::Tensor of = partition(pad_and_roll(source, y, x), y, x).squeeze(3).unsqueeze(2);  // padding counts as hidden
    blocked = blocked.logical_or(of.unsqueeze(3).ne(of.unsqueeze(4)));
  }
  scores = scores.masked_fill(blocked, -inf);
  const at::Tensor out = at::matmul(scores.softmax(-1), qkv[2]).transpose(2, 3).reshape(windows.sizes());
  const at::Tensor back = at::roll(unpartition(attn.proj->forward(out), y, x), {y.shift, x.shift}, {1, 2});
  return back.narrow(1, 0, y.size).narrow(2, 0, x.size);
}

at::Tensor merge(const PatchMerging& merging, const at::Tensor& x) {  // official order of the four neighbours
  const auto pick = [&](int64_t row, int64_t column) {
    return x.slice(1, row, std::nullopt, 2).slice(2, column, std::nullopt, 2);
  };
  return merging.reduction->forward(merging.norm->forward(at::cat({pick(0, 0), pick(1, 0), pick(0, 1), pick(1, 1)}, 3)));
}

at::Tensor cells_of(const at::Tensor& units, const UnitGrid& grid, int stage) {  // [B, H_s, W_s, 1]
  const int64_t side = unit_side(stage);
  return units.to(at::kDouble)
      .view({-1, grid.height, 1, grid.width, 1})
      .expand({-1, grid.height, side, grid.width, side})
      .reshape({units.size(0), grid.height * side, grid.width * side, 1});
}

}  // namespace

std::array<at::Tensor, kNumStages> dense_swin(const Swin& swin, const at::Tensor& images, const at::Tensor& sources) {
  const UnitGrid grid{images.size(1) / swin.shape.unit_px(), images.size(2) / swin.shape.unit_px()};
  const bool whole = sources.eq(1).all().item<bool>();
  const auto& embed = *swin.patch_embed;
  at::Tensor x = at::conv2d(images.permute({0, 3, 1, 2}), embed.proj->weight, embed.proj->bias, swin.shape.patch);
  x = embed.norm->forward(x.permute({0, 2, 3, 1}));
  std::array<at::Tensor, kNumStages> outputs;
  for (int stage = 0; stage < kNumStages; ++stage) {
    const SwinStage& layer = (*swin.layers)[stage];
    const at::Tensor source = cells_of(sources, grid, stage);
    for (int64_t b = 0; b < layer.blocks->size(); ++b) {
      const SwinBlock& block = (*layer.blocks)[b];
      x = x + attention(*block.attn, block.norm1->forward(x), source, whole, b % 2 == 1);
      x = x + block.mlp->forward(block.norm2->forward(x));
    }
    outputs[stage] = swin.norms[stage]->forward(x) * source.ne(0);
    if (layer.downsample) x = merge(*layer.downsample, x);
  }
  return outputs;
}

}  // namespace glid
