#include "glid/model/encoder_parts.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "glid/nn/fused.h"
#include "glid/nn/weight_copies.h"

namespace glid {

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

at::Tensor pool_in_units(const at::Tensor& x, int stage) {
  const int64_t half = unit_side(stage) / 2;
  if (fuses_unit_resize(x)) return fused_pool_in_units(x, half);
  return x.view({-1, half, 2, half, 2, x.size(1)}).amax({2, 4}).view({-1, x.size(1)});
}

PatchProjection::PatchProjection(int64_t channels, int64_t patch)
    : weight(register_parameter("weight", at::empty({channels, 3, patch, patch}))),
      bias(register_parameter("bias", at::zeros({channels}))) {}

at::Tensor PatchProjection::forward(const at::Tensor& units) const {
  const int64_t patch = weight.size(2), side = units.size(1) / patch;
  const at::Tensor patches = units.to(weight.scalar_type())
                                 .view({-1, side, patch, side, patch, 3})
                                 .permute({0, 1, 3, 5, 2, 4})  // unit, row, column, channel, dy, dx
                                 .reshape({-1, 3 * patch * patch});
  return at::linear(patches, autocast_weight(weight).flatten(1), autocast_weight(bias));
}

at::Tensor replace_units(const at::Tensor& x, const View& view, const at::Tensor& token) {
  if (!view.replaced_units.defined()) return x;
  const int64_t seen = view.plan.num_tokens(kNumStages - 1);  // of a unit each
  const at::Tensor is_kept = at::ones({seen, 1, 1}, x.options()).index_fill(0, view.replaced_units, 0);
  const at::Tensor patches = x.view({seen, -1, x.size(1)});
  return (patches * is_kept + token.to(x.scalar_type()) * (1 - is_kept)).view(x.sizes());
}

Mlp::Mlp(int64_t channels)
    : fc1(register_module("fc1", std::make_shared<Linear>(channels, 4 * channels))),
      fc2(register_module("fc2", std::make_shared<Linear>(4 * channels, channels))) {}

at::Tensor Mlp::forward(const at::Tensor& x) const { return fc2->forward(gelu_of(*fc1, x)); }

at::Tensor DropPath::keep(const View& view, int64_t block) const {
  const double rate = last * static_cast<double>(block) / static_cast<double>(std::max<int64_t>(num_blocks - 1, 1));
  if (!view.drop_path.defined() || rate == 0) return {};
  return view.drop_path.narrow(0, 2 * block, 2).ge(rate).to(at::kFloat) / (1 - rate);
}

at::Tensor keep_of_rows(const at::Tensor& keep, const BatchPlan& plan, int stage, int64_t beside) {
  if (!keep.defined()) return {};
  return at::stack({per_token(keep[0], plan, stage, beside), per_token(keep[1], plan, stage, beside)});
}

at::Tensor add_branch(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& keep, int64_t which) {
  if (!keep.defined()) return x + branch;
  return x + branch * keep[which].to(branch.scalar_type()).unsqueeze(1);
}

at::Tensor layer_scaled(const at::Tensor& branch, const at::Tensor& gamma) {
  return gamma.defined() ? branch * gamma : branch;
}

}  // namespace glid
