#include "glid/eval/linear_probe.h"

#include <ATen/ATen.h>
#include <torch/optim/lbfgs.h>

#include <algorithm>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/log.h"

namespace glid {
namespace {

constexpr int64_t kMaxIterations = 2000;
constexpr double kAimedDerivative = 1e-6, kLargestDerivative = 1e-4;
constexpr double kRounding = 1e-6;  // a deviation of so small a part of the mean is none

// The part of the images with these numbers.
LabelledFeatures part_of(const LabelledFeatures& images, const std::vector<int64_t>& ids) {
  const at::Tensor rows = at::tensor(ids, at::kLong);
  return {images.features.index_select(0, rows), images.labels.index_select(0, rows), images.num_classes};
}

// The regression's value and derivatives at W and b.
class Objective {
 public:
  Objective(const LinearClassifier& at, const LabelledFeatures& images, double penalty)
      : x_(((images.features.to(at::kDouble) - at.mean) / at.deviation)),
        truth_(at::one_hot(images.labels, images.num_classes).to(at::kDouble)),
        penalty_(penalty) {}

  // Leaves its derivatives in the parameters.
  at::Tensor value(at::Tensor& weight, at::Tensor& bias) const {
    const at::NoGradGuard no_grad;
    const at::Tensor log_p = at::addmm(bias, x_, weight).log_softmax(-1);  // [N, K]
    const at::Tensor error = (log_p.exp() - truth_) / static_cast<double>(x_.size(0));
    weight.mutable_grad() = at::mm(x_.t(), error) + penalty_ * weight;
    bias.mutable_grad() = error.sum(0);
    return -(log_p * truth_).sum() / static_cast<double>(x_.size(0)) + penalty_ / 2 * weight.square().sum();
  }

 private:
  at::Tensor x_, truth_;  // [N, C] standardised, [N, K]
  double penalty_;
};

double largest_derivative(const at::Tensor& weight, const at::Tensor& bias) {
  return std::max(weight.grad().abs().max().item<double>(), bias.grad().abs().max().item<double>());
}

LinearClassifier at_zero(const LabelledFeatures& images) {
  const at::Tensor x = images.features.to(at::kDouble);
  const at::Tensor deviation = x.std(0, /*unbiased=*/false);
  return {x.mean(0), at::where(deviation.gt(kRounding * x.mean(0).abs()), deviation, at::ones_like(deviation)),
          at::zeros({x.size(1), images.num_classes}, at::kDouble), at::zeros({images.num_classes}, at::kDouble)};
}

double fraction_right(const LinearClassifier& classifier, const LabelledFeatures& images) {
  return classifier.logits(images.features).argmax(-1).eq(images.labels).to(at::kDouble).mean().item<double>();
}

// Which images to learn from, and which to ask.
std::pair<std::vector<int64_t>, std::vector<int64_t>> hold_out(const LabelledFeatures& images) {
  std::vector<int64_t> of_class(static_cast<size_t>(images.num_classes)), kept, held_out;
  const at::Tensor labels = images.labels.contiguous();
  for (int64_t i = 0; i < images.size(); ++i) {
    const auto label = static_cast<size_t>(labels.const_data_ptr<int64_t>()[i]);
    (++of_class[label] % kHoldOut == 0 ? held_out : kept).push_back(i);
  }
  return {std::move(kept), std::move(held_out)};
}

}  // namespace

at::Tensor LinearClassifier::logits(const at::Tensor& features) const {
  return at::addmm(bias, (features.to(at::kDouble) - mean) / deviation, weight);
}

LinearClassifier fit_linear(const LabelledFeatures& images, double penalty, const LinearClassifier* start) {
  LinearClassifier fitted = at_zero(images);
  const Objective objective(fitted, images, penalty);
  if (start) fitted.weight = start->weight.clone(), fitted.bias = start->bias.clone();
  at::Tensor weight = fitted.weight.requires_grad_(), bias = fitted.bias.requires_grad_();
  torch::optim::LBFGS optimizer({weight, bias}, torch::optim::LBFGSOptions()
                                                    .max_iter(kMaxIterations)
                                                    .tolerance_grad(kAimedDerivative)
                                                    .tolerance_change(0)
                                                    .history_size(50)
                                                    .line_search_fn("strong_wolfe"));
  optimizer.step([&] { return objective.value(weight, bias); });
  objective.value(weight, bias);
  if (const double left = largest_derivative(weight, bias); left > kLargestDerivative)
    log_warning("the linear probe with the penalty {:g} is not at its minimum: a derivative of {:.2g} is left", penalty,
                left);
  fitted.weight = weight.detach(), fitted.bias = bias.detach();
  return fitted;
}

ChosenPenalty choose_penalty(const LabelledFeatures& images) {
  const auto [kept, held_out] = hold_out(images);
  if (held_out.empty())
    throw DataError("--linear", "needs a class with five training images, one of which is held out", {}, "leave it out");
  const LabelledFeatures known = part_of(images, kept), asked = part_of(images, held_out);
  ChosenPenalty chosen;
  LinearClassifier classifier;
  for (const double penalty : kPenalties) {
    classifier = fit_linear(known, penalty, chosen.held_out.empty() ? nullptr : &classifier);
    chosen.held_out.push_back(fraction_right(classifier, asked));
  }
  const auto best = std::ranges::max_element(chosen.held_out);
  chosen.penalty = kPenalties[best - chosen.held_out.begin()];
  return chosen;
}

}  // namespace glid
