// AdamW's state and the averages of parameters, spread over the ranks: the same bits as without, in checkpoints too.
#pragma once

#include <vector>

#include "glid/dist/parameter_shards.h"
#include "glid/optim/adamw.h"
#include "glid/optim/ema.h"

namespace glid {

// Each rank updates its own parameters.
class ShardedAdamW : public Optimizer {
 public:
  // The parameters are those of `shards`, which must live as long.
  ShardedAdamW(NamedTensors parameters, std::vector<at::Tensor> gradients, std::vector<ParamGroup> groups,
               const AdamWOptions& options, const ParameterShards& shards);

  void step(double lr, const at::Tensor& found_inf) override;
  NamedTensors state() const override { return own_.state(); }
  NamedTensors whole_state() const override;

 private:
  const ParameterShards& shards_;
  NamedTensors parameters_;
  std::vector<ParamGroup> groups_;
  AdamW own_;
};

// Each rank averages its own parameters. Those that `shards` lacks don't change, and are their own averages.
class ShardedEma : public Ema {
 public:
  ShardedEma(const NamedTensors& parameters, double decay, bool warms_up, const ParameterShards& shards);

  // All ranks must call it.
  void swap() override;
  NamedTensors whole_state() const override;

 private:
  const ParameterShards& shards_;
  NamedTensors all_;
};

}  // namespace glid
