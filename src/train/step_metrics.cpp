#include "step_metrics.h"

#include <ATen/ATen.h>

#include "glid/nn/transfer.h"

namespace glid {

StepMetrics step_metrics(const StepResult& result, Communicator& communicator) {
  std::vector<at::Tensor> values{result.loss};
  for (const TermShare& term : result.terms) values.push_back(term.value);
  for (const Diagnostic& d : result.diagnostics) values.push_back(d.value / communicator.size());
  for (at::Tensor& value : values) value = to_host(value).to(at::kDouble);
  const at::Tensor sums = at::stack(values);
  communicator.all_reduce_sum(sums, "the logged metrics");

  StepMetrics metrics;
  metrics.loss = sums[0].item<double>();
  metrics.grad_norm = result.grad_norm.item<double>();
  int64_t next = 1;
  for (const TermShare& term : result.terms) metrics.terms.push_back({term.name, term.layer, sums[next++].item<double>()});
  for (const Diagnostic& d : result.diagnostics) metrics.diagnostics.emplace_back(d.name, sums[next++].item<double>());
  return metrics;
}

}  // namespace glid
