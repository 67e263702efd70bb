// AdamW (Loshchilov & Hutter, ICLR 2019) as one fused kernel over each parameter group.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "glid/dist/named_tensors.h"
#include "glid/optim/optimizer.h"
#include "glid/optim/param_groups.h"

namespace glid {

struct AdamWOptions {
  std::array<double, 2> betas{0.9, 0.95};
  double eps = 1e-8;
};

class AdamW : public Optimizer {
 public:
  // `gradients` in the order of the parameters; both are kept and read at every step.
  AdamW(NamedTensors parameters, std::vector<at::Tensor> gradients, std::vector<ParamGroup> groups,
        const AdamWOptions& options);

  void step(double lr, const at::Tensor& found_inf) override;

  // "<parameter>.exp_avg", "<parameter>.exp_avg_sq", "<parameter>.step", group after group.
  NamedTensors state() const override;
  NamedTensors whole_state() const override { return state(); }

 private:
  struct Lists {
    double weight_decay, lr_scale;
    std::vector<at::Tensor> parameters, gradients, exp_avgs, exp_avg_sqs, steps;
  };

  NamedTensors parameters_;
  AdamWOptions options_;
  std::vector<ParamGroup> groups_;
  std::vector<Lists> lists_;
};

}  // namespace glid
