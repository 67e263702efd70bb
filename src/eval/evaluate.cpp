#include "glid/eval/evaluate.h"

#include <ATen/ATen.h>

#include "glid/core/error.h"
#include "glid/eval/answer.h"

namespace glid {
namespace {

class EvaluationMode {
 public:
  explicit EvaluationMode(Glid& model) : model_(model), was_training_(model.is_training()) { model_.eval(); }
  ~EvaluationMode() { model_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Glid& model_;
  bool was_training_;
};

template <typename Each>
void for_each_question(const Task& task, Loader& loader, const c10::Device& device, Each each) {
  while (true) {
    const std::vector<Batch> batches = loader.next();
    if (batches.empty()) return;
    for (const Batch& batch : batches)
      if (batch.size() > 0) each(task.ask(batch.on(device)), batch);
  }
}

// prediction . target, prediction^2, target^2, and the number of values.
at::Tensor products(const at::Tensor& prediction, const at::Tensor& target) {
  const at::Tensor p = prediction.to(at::kDouble), t = target.to(at::kDouble);
  const at::Tensor count = at::full({}, static_cast<double>(t.numel()), t.options());
  return at::stack({(p * t).sum(), p.square().sum(), t.square().sum(), count});
}

double best_scaled_loss(const at::Tensor& sums) {
  const at::Tensor host = sums.to(at::kCPU);
  const double* s = host.const_data_ptr<double>();
  const double pt = s[0], pp = s[1], tt = s[2], count = s[3];
  return (tt - (pp > 0 ? pt * pt / pp : 0)) / count;
}

}  // namespace

double mean_loss(Glid& model, const Task& task, Loader& loader, Precision precision, Communicator& communicator) {
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(model);
  double sum = 0, count = 0;
  const c10::Device device = model.parameters().front().device();
  for_each_question(task, loader, device, [&](const Question& question, const Batch& batch) {
    for (const LossTerm& term : task.losses(answer(model, question, precision), question).terms)
      sum += term.weight * term.sum.item<double>();
    count += task.counts(batch)[0].value;
  });
  const at::Tensor totals = at::tensor({sum, count}, at::kDouble);
  communicator.all_reduce_sum(totals);
  if (totals[1].item<double>() == 0) throw DataError("validation", "no image could be read");
  return totals[0].item<double>() / totals[1].item<double>();
}

std::vector<std::pair<std::string, double>> reference_losses(const Task& task, Loader& loader, const c10::Device& device,
                                                             Communicator& communicator) {
  const at::NoGradGuard no_grad;
  NamedTensors sums;
  for_each_question(task, loader, device, [&](const Question& question, const Batch&) {
    const std::vector<Reference> references = task.references(question);
    if (sums.empty())
      for (const Reference& r : references) sums.emplace_back(r.name, at::zeros({4}, at::kDouble));
    for (size_t i = 0; i < references.size(); ++i)
      sums[i].second += products(references[i].prediction, references[i].target).to(at::kCPU);
  });
  std::vector<std::pair<std::string, double>> losses;
  for (auto& [name, sum] : sums) {
    communicator.all_reduce_sum(sum);
    losses.emplace_back(name, best_scaled_loss(sum));
  }
  return losses;
}

}  // namespace glid
