#include "glid/train/step.h"

#include <ATen/ATen.h>

#include "glid/optim/clip.h"

namespace glid {
namespace {

double global_count(const std::vector<Question>& questions, Communicator& communicator) {
  double count = 0;
  for (const Question& question : questions) count += question.count;
  const at::Tensor total = at::full({}, count, at::kDouble);
  communicator.all_reduce_sum(total);
  return total.item<double>();
}

Losses answer_and_score(const Learner& learner, const Question& question) {
  const AutocastGuard autocast(learner.precision, question.images.device().type());
  const Answer answer = learner.model.forward(question.images, question.query);
  return learner.task.losses(answer, question);
}

// Skips, clips, steps; the gradients are already averaged over the ranks.
void update(Learner& learner, StepResult& result, double lr) {
  const std::vector<at::Tensor>& gradients = learner.gradients.gradients();
  learner.scaler.unscale(gradients);
  result.grad_norm = total_norm(gradients).to(at::kFloat);
  result.found_inf = at::isfinite(result.grad_norm).logical_not().to(at::kFloat);
  if (learner.clip) clip_to_norm(gradients, result.grad_norm, *learner.clip);
  learner.optimizer.step(lr, result.found_inf);
  learner.scaler.update(result.found_inf);
  if (learner.ema) learner.ema->update();
}

}  // namespace

StepResult accumulate_gradients(Learner& learner, const std::vector<Batch>& micro_batches) {
  std::vector<Question> questions;
  for (const Batch& batch : micro_batches) questions.push_back(learner.task.ask(batch));
  const double count = global_count(questions, learner.communicator);
  const double world = learner.communicator.size();  // gradients are averaged over the ranks

  StepResult result;
  learner.gradients.zero();
  for (size_t i = 0; i < questions.size(); ++i) {
    Losses losses = answer_and_score(learner, questions[i]);
    const at::Tensor loss = losses.sum / count;
    learner.gradients.backward(learner.scaler.scale(loss * world), /*last=*/i + 1 == questions.size());
    result.loss = result.loss.defined() ? result.loss + loss.detach() : loss.detach();
    result.diagnostics = std::move(losses.diagnostics);
  }
  return result;
}

StepResult train_step(Learner& learner, const std::vector<Batch>& micro_batches, double lr) {
  StepResult result = accumulate_gradients(learner, micro_batches);
  const at::NoGradGuard no_grad;
  update(learner, result, lr);
  return result;
}

}  // namespace glid
