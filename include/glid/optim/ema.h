// An exponential moving average of the parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "glid/dist/named_tensors.h"

namespace glid {

class Ema {
 public:
  // Starts at the parameters' values; 0 < decay < 1.
  Ema(NamedTensors parameters, double decay);

  // average += (1 - decay) (parameter - average)
  void update();
  // Exchanges averages and parameters; a second call puts them back.
  void swap();
  // The averages under the parameters' names, the tensors themselves.
  NamedTensors state() const;

 private:
  NamedTensors parameters_;
  double decay_;
  std::vector<at::Tensor> averages_;
};

}  // namespace glid
