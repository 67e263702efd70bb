#include "step_metrics.h"

#include <ATen/ATen.h>

namespace glid {

StepMetrics step_metrics(const StepResult& result, Communicator& communicator) {
  std::vector<at::Tensor> values{result.loss};
  for (const Diagnostic& d : result.diagnostics) values.push_back(d.value / communicator.size());
  for (at::Tensor& value : values) value = value.to(at::kCPU, at::kDouble);
  const at::Tensor sums = at::stack(values);
  communicator.all_reduce_sum(sums);

  StepMetrics metrics;
  metrics.loss = sums[0].item<double>();
  metrics.grad_norm = result.grad_norm.item<double>();
  for (size_t i = 0; i < result.diagnostics.size(); ++i)
    metrics.diagnostics.emplace_back(result.diagnostics[i].name, sums[static_cast<int64_t>(i) + 1].item<double>());
  return metrics;
}

}  // namespace glid
