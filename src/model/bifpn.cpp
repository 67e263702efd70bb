#include "glid/model/bifpn.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include "glid/model/bifpn_parts.h"
#include "glid/model/encoder_parts.h"
#include "glid/nn/low_precision_norm.h"

namespace glid {
FusionNode::FusionNode(int64_t width, int64_t num_inputs)
    : fusion(register_parameter("fusion", at::ones({num_inputs}))),
      depthwise(register_module("depthwise", std::make_shared<DepthwiseConv3x3>(width))),
      pointwise(register_module("pointwise", std::make_shared<Linear>(width, width))),
      norm(register_module("norm", std::make_shared<LayerNorm>(width))) {}

at::Tensor FusionNode::weights() const {
  const at::Tensor positive = fusion.relu();
  return positive / (positive.sum() + 1e-4);
}

at::Tensor FusionNode::forward(at::TensorList inputs, const BatchPlan& plan, int stage) const {
  const at::Tensor neighbours = over_runs(
      weighted_silu(inputs, weights()), plan, stage,
      [&](const at::Tensor& tokens, const ImageRun& run) { return convolve(*depthwise, tokens, *run.plan, stage); });
  return low_precision_norm(*norm, pointwise->forward(neighbours));
}

BifpnCell::BifpnCell(int64_t width) {
  for (int s : {1, 2})
    top_down[s - 1] = register_module("top_down" + std::to_string(s), std::make_shared<FusionNode>(width, 2));
  for (int s = 0; s < kNumStages; ++s) {
    const int64_t num_inputs = s == 0 || s == kNumStages - 1 ? 2 : 3;
    bottom_up[s] = register_module("bottom_up" + std::to_string(s), std::make_shared<FusionNode>(width, num_inputs));
  }
}

StageTokens BifpnCell::forward(const StageTokens& p, const BatchPlan& plan) const {
  const at::Tensor t2 = top_down[1]->forward({p[2], up_in_units(p[3], 3)}, plan, 2);
  const at::Tensor t1 = top_down[0]->forward({p[1], up_in_units(t2, 2)}, plan, 1);
  StageTokens out;
  out[0] = bottom_up[0]->forward({p[0], up_in_units(t1, 1)}, plan, 0);
  out[1] = bottom_up[1]->forward({p[1], t1, pool_in_units(out[0], 0)}, plan, 1);
  out[2] = bottom_up[2]->forward({p[2], t2, pool_in_units(out[1], 1)}, plan, 2);
  out[3] = bottom_up[3]->forward({p[3], pool_in_units(out[2], 2)}, plan, 3);
  return out;
}

Lateral::Lateral(int64_t in, int64_t width)
    : proj(register_module("proj", std::make_shared<Linear>(in, width))),
      norm(register_module("norm", std::make_shared<LayerNorm>(width))) {}

at::Tensor Lateral::forward(const at::Tensor& x) const { return low_precision_norm(*norm, proj->forward(x)); }

Bifpn::Bifpn(const BifpnConfig& config, const std::array<int64_t, kNumStages>& in_channels)
    : laterals(register_module("laterals", std::make_shared<ModuleList<Lateral>>())),
      cells(register_module("cells", std::make_shared<ModuleList<BifpnCell>>())) {
  for (const int64_t in : in_channels) laterals->append(in, config.width);
  for (int64_t c = 0; c < config.cells; ++c) cells->append(config.width);
}

StageTokens Bifpn::forward(const StageTokens& stages, const BatchPlan& plan) const {
  RECORD_USER_SCOPE("bifpn");
  StageTokens p;
  for (int s = 0; s < kNumStages; ++s) p[s] = (*laterals)[s].forward(stages[s]);
  for (int64_t c = 0; c < cells->size(); ++c) p = (*cells)[c].forward(p, plan);
  return p;
}

double smallest_fusion_weight(const Bifpn& bifpn) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> weights;
  const auto add = [&](const FusionNode& node) { weights.push_back(node.weights()); };
  for (const auto& cell : bifpn.cells->items) {
    for (const auto& node : cell->top_down) add(*node);
    for (const auto& node : cell->bottom_up) add(*node);
  }
  return at::cat(weights).min().item<double>();
}

}  // namespace glid
