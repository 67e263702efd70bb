#include "glid/tasks/class_loss.h"

#include <ATen/ATen.h>

#include "glid/tasks/matching.h"

namespace glid {
namespace {

constexpr double kAlpha = 0.25;
constexpr double kTiny = 1e-8;

// Of class costs [L, B, Q, K] those of the targets' classes [B, N]: [L, B, Q, N].
at::Tensor of_labels(const at::Tensor& costs, const at::Tensor& labels) {
  return costs.gather(-1, labels.view({1, labels.size(0), 1, labels.size(1)})
                              .expand({costs.size(0), labels.size(0), costs.size(2), labels.size(1)}));
}

}  // namespace

at::Tensor focal_sums(const at::Tensor& logits, const at::Tensor& classes) {
  const at::Tensor ids = at::arange(logits.size(-1), classes.options());
  const at::Tensor is_class = (classes.unsqueeze(-1) == ids).to(logits.scalar_type());  // [L, B, Q, K]
  const at::Tensor cross_entropy = at::binary_cross_entropy_with_logits(logits, is_class, {}, {}, at::Reduction::None);
  const at::Tensor p = logits.sigmoid();
  const at::Tensor miss = p + is_class - 2 * p * is_class;  // 1 - p of the class, p of the others
  const at::Tensor alpha = (1 - kAlpha) + (2 * kAlpha - 1) * is_class;
  return (alpha * miss.square() * cross_entropy).sum({-2, -1});
}

at::Tensor focal_costs(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor p = logits.sigmoid();
  const at::Tensor as_class = kAlpha * (1 - p).square() * -(p + kTiny).log();
  const at::Tensor as_other = (1 - kAlpha) * p.square() * -(1 - p + kTiny).log();
  return of_labels(as_class - as_other, labels);
}

at::Tensor cross_entropy_sums(const at::Tensor& logits, const at::Tensor& classes) {
  const int64_t none = logits.size(-1) - 1;
  const at::Tensor losses = -logits.log_softmax(-1).gather(-1, classes.unsqueeze(-1)).squeeze(-1);  // [L, B, Q]
  return at::where(classes == none, kNoObjectWeight * losses, losses).sum(-1);
}

std::vector<double> cross_entropy_weights(std::span<const int64_t> lengths, int64_t num_queries) {
  std::vector<double> weights = num_pairs(lengths, num_queries);
  for (double& weight : weights) weight += kNoObjectWeight * (static_cast<double>(num_queries) - weight);
  return weights;
}

at::Tensor cross_entropy_costs(const at::Tensor& logits, const at::Tensor& labels) {
  return -of_labels(logits.softmax(-1), labels);
}

}  // namespace glid
