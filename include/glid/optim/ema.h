// An exponential moving average of the parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "glid/dist/named_tensors.h"

namespace glid {

class Ema {
 public:
  // Starts at the parameters' values; 0 < decay < 1. With warm-up, update n = 1, 2, ... has the decay
  // min(decay, (1 + n) / (10 + n)), so that early averages follow the weights and forget where they started.
  Ema(NamedTensors parameters, double decay, bool warms_up);
  virtual ~Ema() = default;

  // average += (1 - decay) (parameter - average). Where found_inf (a float scalar on the parameters' device) is 1 the
  // update was skipped: nothing changes, and it isn't counted. Nothing waits for the device.
  void update(const at::Tensor& found_inf);
  // Exchanges averages and parameters; a second call puts them back.
  virtual void swap();
  // The averages that this rank keeps under their parameters' names and the number of updates made as "num_updates", the
  // tensors themselves.
  NamedTensors state() const;
  // Those that all ranks keep, on rank 0. All ranks must call it.
  virtual NamedTensors whole_state() const { return state(); }

 private:
  NamedTensors parameters_;
  double decay_;
  bool warms_up_;
  std::vector<at::Tensor> averages_;
  at::Tensor num_updates_;  // float scalar
};

}  // namespace glid
