// Bi-directional feature pyramid (Tan et al., EfficientDet, CVPR 2020) on four levels, exact under a mask: it reads and
// writes visible tokens only, hidden cells count as zeros in the 3x3 neighbourhoods, and with all tokens visible it is
// the plain BiFPN. One LayerNorm per position, so nothing depends on how much of the image is hidden.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <memory>

#include "glid/nn/layers.h"
#include "glid/nn/plan_tensors.h"

namespace glid {

struct BifpnShape {
  int64_t width = 512;
  int64_t cells = 3;
};

// Tokens [T_s, C_s] of the four stages, fine to coarse.
using Pyramid = std::array<at::Tensor, kNumStages>;

// LN(PW1x1(DW3x3(SiLU(sum_i w_i x_i)))), w_i = relu(v_i) / (sum relu(v) + 1e-4) ("fast normalised fusion").
struct FusionNode : torch::nn::Module {
  FusionNode(int64_t width, int64_t num_inputs);
  at::Tensor forward(at::TensorList inputs, const PlanTensors& plan, int stage) const;

  at::Tensor fusion;  // [inputs]
  std::shared_ptr<DepthwiseConv3x3> depthwise;
  std::shared_ptr<Linear> pointwise;
  std::shared_ptr<LayerNorm> norm;
};

struct BifpnCell : torch::nn::Module {
  explicit BifpnCell(int64_t width);
  Pyramid forward(const Pyramid& p, const PlanTensors& plan) const;

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
  Bifpn(const BifpnShape& shape, const std::array<int64_t, kNumStages>& in_channels);
  // Stage tokens [T_s, C_s] -> pyramid tokens [T_s, width]; stage 0 of the result is the map f^b of Eq. 4.
  Pyramid forward(const Pyramid& stages, const PlanTensors& plan) const;

  std::shared_ptr<ModuleList<Lateral>> laterals;
  std::shared_ptr<ModuleList<BifpnCell>> cells;
};

}  // namespace glid
