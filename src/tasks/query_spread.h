// A collapse that a falling loss can hide: all queries of an image giving nearly the same answer.
#pragma once

#include <ATen/ops/std.h>
#include <ATen/ops/zeros.h>

#include "glid/tasks/task.h"

namespace glid {

inline constexpr double kCollapse = 0.02;

// outputs [B, Q, out]: their deviation over the queries, mean over outputs and images; 0 without images.
inline Diagnostic query_spread(const at::Tensor& outputs) {
  const int64_t pictures = outputs.size(0);
  const at::Tensor spread =
      pictures > 0 ? outputs.detach().std(1, /*unbiased=*/false).mean() : at::zeros({}, outputs.options());
  return {"query_spread", spread, pictures, kCollapse, "all queries of an image get nearly the same answer"};
}

}  // namespace glid
