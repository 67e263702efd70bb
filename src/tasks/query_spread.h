// A collapse that a falling loss can hide: all queries of an image giving nearly the same answer.
#pragma once

#include <ATen/ops/std.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include "glid/tasks/task.h"

namespace glid {

inline constexpr double kCollapse = 0.02;

// Of x [B, Q, out] over the queries that count [B, Q], all where undefined: [B, out].
inline at::Tensor deviation_over_queries(const at::Tensor& x, const at::Tensor& counted) {
  if (!counted.defined()) return x.std(1, /*unbiased=*/false);
  const at::Tensor weights = counted.unsqueeze(2).to(x.scalar_type()) / counted.sum(1).view({-1, 1, 1});
  const at::Tensor mean = (x * weights).sum(1, /*keepdim=*/true);
  return ((x - mean).square() * weights).sum(1).sqrt();
}

// outputs [B, Q, out]: their deviation over the queries, mean over outputs and images; 0 without images.
inline Diagnostic query_spread(const at::Tensor& outputs, const at::Tensor& counted = {}) {
  const int64_t pictures = outputs.size(0);
  const at::Tensor spread =
      pictures > 0 ? deviation_over_queries(outputs.detach(), counted).mean() : at::zeros({}, outputs.options());
  return {"query_spread", spread, pictures, kCollapse, "all queries of an image get nearly the same answer"};
}

}  // namespace glid
