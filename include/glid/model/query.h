// A question to the model and its answer (paper Eq. 1: P = H(Dec(Q, Enc(x)))).
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "glid/nn/plan_tensors.h"

namespace glid {

// Q = [CLS, M_1 .. M_N] for the units that are hidden (paper section 3.1).
struct Query {
  PlanTensors plan;
  // [2 * blocks, B] uniform in [0, 1): one draw for every residual branch and sample. Undefined: no branch is dropped.
  at::Tensor drop_path;
};

// Outputs of the linear heads by name, [B, 1 + N, outputs]; row 0 belongs to [CLS].
using Answer = std::map<std::string, at::Tensor>;

}  // namespace glid
