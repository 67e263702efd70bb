#include "glid/optim/adamw.h"

#include <ATen/ATen.h>

namespace glid {

AdamW::AdamW(NamedTensors parameters, std::vector<at::Tensor> gradients, std::vector<ParamGroup> groups,
             const AdamWOptions& options)
    : parameters_(std::move(parameters)), options_(options), groups_(std::move(groups)) {
  for (const ParamGroup& group : groups_) {
    Lists lists{group.weight_decay, group.lr_scale, {}, {}, {}, {}, {}};
    for (const size_t i : group.members) {
      const at::Tensor values = parameters_[i].second.detach();
      lists.parameters.push_back(values);
      lists.gradients.push_back(gradients[i]);
      lists.exp_avgs.push_back(at::zeros_like(values));
      lists.exp_avg_sqs.push_back(at::zeros_like(values));
      lists.steps.push_back(at::zeros({}, values.options().dtype(at::kFloat)));
    }
    lists_.push_back(std::move(lists));
  }
}

void AdamW::step(double lr, const at::Tensor& found_inf) {
  const at::NoGradGuard no_grad;
  const at::Tensor one = 1 - found_inf;
  for (Lists& l : lists_) {
    at::_foreach_add_(l.steps, one);
    at::_fused_adamw_(l.parameters, l.gradients, l.exp_avgs, l.exp_avg_sqs, /*max_exp_avg_sqs=*/{}, l.steps, lr * l.lr_scale,
                      options_.betas[0], options_.betas[1], l.weight_decay, options_.eps,
                      /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/std::nullopt, found_inf);
  }
}

NamedTensors AdamW::state() const {
  NamedTensors state;
  for (size_t g = 0; g < groups_.size(); ++g)
    for (size_t i = 0; i < groups_[g].members.size(); ++i) {
      const std::string& name = parameters_[groups_[g].members[i]].first;
      state.emplace_back(name + ".exp_avg", lists_[g].exp_avgs[i]);
      state.emplace_back(name + ".exp_avg_sq", lists_[g].exp_avg_sqs[i]);
      state.emplace_back(name + ".step", lists_[g].steps[i]);
    }
  return state;
}

}  // namespace glid
