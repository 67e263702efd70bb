// Bi-directional feature pyramid (Tan et al., EfficientDet, CVPR 2020) on four levels, exact under a mask: it reads and
// writes visible tokens only, hidden cells count as zeros in the 3x3 neighbourhoods, and with all tokens visible it is
// the plain BiFPN. One LayerNorm per position, so nothing depends on how much of the image is hidden.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <memory>

#include "glid/config/fields.h"
#include "glid/model/query.h"
#include "glid/nn/layers.h"

namespace glid {

struct BifpnConfig {
  int64_t width = 512;
  int64_t cells = 3;

  template <class V>
  void fields(V& v) {
    v("width", width, "channels of the pyramid; equal to decoder.width", config::positive());
    v("cells", cells, "BiFPN cells", config::in_range(1, 6));
  }
};

// LN(PW1x1(DW3x3(SiLU(sum_i w_i x_i)))), w_i = relu(v_i) / (sum relu(v) + 1e-4) ("fast normalised fusion").
struct FusionNode : torch::nn::Module {
  FusionNode(int64_t width, int64_t num_inputs);
  at::Tensor forward(at::TensorList inputs, const BatchPlan& plan, int stage) const;
  at::Tensor weights() const;  // w_i

  at::Tensor fusion;  // [inputs]
  std::shared_ptr<DepthwiseConv3x3> depthwise;
  std::shared_ptr<Linear> pointwise;
  std::shared_ptr<LayerNorm> norm;
};

struct BifpnCell : torch::nn::Module {
  explicit BifpnCell(int64_t width);
  StageTokens forward(const StageTokens& p, const BatchPlan& plan) const;

  std::array<std::shared_ptr<FusionNode>, 2> top_down;            // of stages 1, 2
  std::array<std::shared_ptr<FusionNode>, kNumStages> bottom_up;  // outputs of stages 0..3
};

// 1x1 convolution and norm that bring a stage to the pyramid's width.
struct Lateral : torch::nn::Module {
  Lateral(int64_t in, int64_t width);
  at::Tensor forward(const at::Tensor& x) const;

  std::shared_ptr<Linear> proj;
  std::shared_ptr<LayerNorm> norm;
};

struct Bifpn : torch::nn::Module {
  Bifpn(const BifpnConfig& config, const std::array<int64_t, kNumStages>& in_channels);
  // Stage tokens [T_s, C_s] -> pyramid tokens [T_s, width].
  StageTokens forward(const StageTokens& stages, const BatchPlan& plan) const;

  std::shared_ptr<ModuleList<Lateral>> laterals;
  std::shared_ptr<ModuleList<BifpnCell>> cells;
};

// The smallest share that any input has in its node, in [0, 1]: 0 is an edge that carries nothing and can't come back, as
// relu passes no gradient. Waits for the device once.
double smallest_fusion_weight(const Bifpn& bifpn);

}  // namespace glid
