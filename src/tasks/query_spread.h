// A collapse that a falling loss can hide: all queries of an image giving nearly the same answer.
#pragma once

#include <ATen/ops/std.h>

#include <algorithm>

#include "glid/tasks/task.h"

namespace glid {

inline constexpr double kCollapse = 0.02;

// outputs [B, Q, out]: their deviation over the queries, mean over outputs and images; 0 without images.
inline Diagnostic query_spread(const at::Tensor& outputs) {
  const at::Tensor deviations = outputs.detach().std(1, /*unbiased=*/false);
  return {"query_spread", deviations.sum() / std::max<int64_t>(1, deviations.numel()), kCollapse,
          "all queries of an image get nearly the same answer"};
}

}  // namespace glid
