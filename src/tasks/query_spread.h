// A collapse that a falling loss can hide: all queries of an image giving nearly the same answer.
#pragma once

#include <ATen/ops/std.h>

#include "glid/tasks/task.h"

namespace glid {

inline constexpr double kCollapse = 0.02;

// outputs [B, Q, out]: their deviation over the queries, mean over outputs and images.
inline Diagnostic query_spread(const at::Tensor& outputs) {
  return {"query_spread", outputs.detach().std(1, /*unbiased=*/false).mean(), kCollapse,
          "all queries of an image get nearly the same answer"};
}

}  // namespace glid
