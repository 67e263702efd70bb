#include "step_metrics.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "glid/nn/transfer.h"

namespace glid {

StepMetrics step_metrics(const StepResult& result, Communicator& communicator) {
  std::vector<at::Tensor> values{result.grad_norm / communicator.size(), result.loss};  // the norm is alike on all ranks
  for (const TermShare& term : result.terms) values.push_back(term.value);
  for (const Diagnostic& d : result.diagnostics) values.push_back(d.value * d.pictures);
  for (at::Tensor& value : values) value = value.to(at::kDouble);
  std::vector<double> pictures;
  for (const Diagnostic& d : result.diagnostics) pictures.push_back(static_cast<double>(d.pictures));
  const at::Tensor shares = at::stack(values);
  const at::Tensor sums_there = at::cat({shares, to_device(at::tensor(pictures, at::kDouble), shares.device())});
  communicator.all_reduce_sum(sums_there, "the logged metrics");
  const at::Tensor sums = to_host(sums_there);

  StepMetrics metrics;
  const double* next = sums.const_data_ptr<double>();
  metrics.grad_norm = *next++;
  metrics.loss = *next++;
  for (const TermShare& term : result.terms) metrics.terms.push_back({term.name, term.layer, *next++});
  const double* num_pictures = next + result.diagnostics.size();
  for (const Diagnostic& d : result.diagnostics) {
    const double sum = *next++, count = *num_pictures++;
    if (count > 0) metrics.diagnostics.emplace_back(d.name, sum / count);
  }
  return metrics;
}

}  // namespace glid
