// An exponential moving average of the parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace glid {

class Ema {
 public:
  using Parameters = std::vector<std::pair<std::string, at::Tensor>>;

  // Starts at the parameters' values; 0 < decay < 1.
  Ema(Parameters parameters, double decay);

  // average += (1 - decay) (parameter - average)
  void update();
  // Exchanges averages and parameters; a second call puts them back.
  void swap();
  // The averages under the parameters' names, the tensors themselves.
  Parameters state() const;

 private:
  Parameters parameters_;
  double decay_;
  std::vector<at::Tensor> averages_;
};

}  // namespace glid
