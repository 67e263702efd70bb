// Which parameters decay: rules over names and shapes, the first that matches counts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glid/dist/named_tensors.h"

namespace glid {

struct ParamGroup {
  std::string rule;  // what its members have in common, for people
  double weight_decay = 0;
  std::vector<size_t> members;  // indices into the parameter list

  int64_t num_values(const NamedTensors& parameters) const;
};

// Without decay: biases, norms and fusion weights (1-D), tokens, level embeddings, bias tables. With decay: matrices and
// convolutions. Empty groups are left out; a parameter that no rule matches is our mistake (TORCH_CHECK names it).
std::vector<ParamGroup> make_param_groups(const NamedTensors& parameters, double weight_decay);

}  // namespace glid
