#include "glid/train/step.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>

#include "glid/eval/answer.h"
#include "glid/nn/activation_checkpoint.h"
#include "glid/optim/clip.h"

namespace glid {
namespace {

void add_to(at::Tensor& sum, const at::Tensor& value) { sum = sum.defined() ? sum + value : value; }

// Adds a micro-batch's terms to the result and returns its share of the loss.
at::Tensor add_terms(StepResult& result, const Losses& losses, const std::map<std::string, double>& counts) {
  TORCH_CHECK(result.terms.empty() || result.terms.size() == losses.terms.size(),
              "a task's terms are the same in every micro-batch");
  result.terms.resize(losses.terms.size());
  at::Tensor loss;
  for (size_t i = 0; i < losses.terms.size(); ++i) {
    const LossTerm& term = losses.terms[i];
    const at::Tensor value = term.sum / std::max(count_of(term, term.count, counts), 1.0);
    const double weight = weight_of(term, counts);
    result.terms[i].name = term.name;
    result.terms[i].layer = term.layer;
    add_to(result.terms[i].value, value.detach());
    add_to(loss, weight == 1 ? value : value * weight);
  }
  return loss;
}

// A mean over the pictures of two means.
void add_to(Diagnostic& mean, const Diagnostic& more) {
  const int64_t pictures = mean.pictures + more.pictures;
  const auto share = [&](const Diagnostic& d) {
    return static_cast<double>(d.pictures) / static_cast<double>(std::max<int64_t>(1, pictures));
  };
  mean.value = mean.value * share(mean) + more.value * share(more);
  mean.pictures = pictures;
}

void add_diagnostics(StepResult& result, Losses& losses) {
  if (result.diagnostics.empty()) {
    result.diagnostics = std::move(losses.diagnostics);
    return;
  }
  TORCH_CHECK(result.diagnostics.size() == losses.diagnostics.size(),
              "a task's diagnostics are the same in every micro-batch");
  for (size_t i = 0; i < result.diagnostics.size(); ++i) add_to(result.diagnostics[i], losses.diagnostics[i]);
}

Question ask(const Learner& learner, const Batch& batch) {
  RECORD_USER_SCOPE("question");
  return learner.task.ask(batch.on(learner.device), /*training=*/true);
}

std::vector<Answer> answers_of(const Learner& learner, const Question& question) {
  const CheckpointedBlocks checkpointed(learner.checkpoints_blocks);
  return answer(learner.model, question, learner.precision, learner.weight_copies);
}

Losses losses_of(const Learner& learner, const Question& question) {
  const std::vector<Answer> answers = answers_of(learner, question);
  RECORD_USER_SCOPE("losses");
  return learner.task.losses(answers, question);
}

void backward(const Learner& learner, const at::Tensor& loss, bool last) {
  RECORD_USER_SCOPE("backward");
  learner.gradients.backward(learner.scaler.scale(loss), last);
}

// Skips, clips, steps; the gradients are already averaged over the ranks.
void update(Learner& learner, StepResult& result, double lr) {
  RECORD_USER_SCOPE("update");
  const std::vector<at::Tensor>& gradients = learner.gradients.gradients();
  learner.scaler.unscale(gradients);
  result.grad_norm = total_norm(gradients).to(at::kFloat);
  result.found_inf = at::isfinite(result.grad_norm).logical_not().to(at::kFloat);
  if (learner.clip) clip_to_norm(gradients, result.grad_norm, *learner.clip);
  learner.optimizer.step(lr, result.found_inf);
  result.failed = learner.scaler.failure(result.found_inf);
  result.lost = result.found_inf * at::isfinite(result.loss).logical_not();
  learner.scaler.update(result.found_inf);
  if (learner.ema) learner.ema->update(result.found_inf);
}

}  // namespace

Agreement agree(const Learner& learner, const std::vector<Batch>& micro_batches, bool stop_requested) {
  RECORD_USER_SCOPE("agreement");
  Agreement agreement;
  for (const Batch& batch : micro_batches)
    for (const auto& [name, count] : sums_of(learner.task.counts(batch))) agreement.counts[name] += count;
  const at::Tensor sums = at::empty({std::ssize(agreement.counts) + 1}, at::kDouble);
  double* values = sums.mutable_data_ptr<double>();
  for (const auto& [name, count] : agreement.counts) *values++ = count;
  *values = stop_requested ? 1 : 0;
  learner.communicator.all_reduce_sum(sums, "the losses' counts");
  const double* sum = sums.const_data_ptr<double>();
  for (auto& [name, count] : agreement.counts) count = *sum++;
  agreement.stop = *sum > 0;
  return agreement;
}

StepResult accumulate_gradients(Learner& learner, const std::vector<Batch>& micro_batches,
                                const std::map<std::string, double>& counts) {
  const double world = learner.communicator.size();  // gradients are averaged over the ranks
  StepResult result;
  learner.gradients.zero();
  for (size_t i = 0; i < micro_batches.size(); ++i) {
    const Question question = ask(learner, micro_batches[i]);
    Losses losses = losses_of(learner, question);
    const at::Tensor loss = add_terms(result, losses, counts);
    backward(learner, loss * world, /*last=*/i + 1 == micro_batches.size());
    add_to(result.loss, loss.detach());
    add_diagnostics(result, losses);
  }
  return result;
}

std::optional<StepResult> train_step(Learner& learner, const std::vector<Batch>& micro_batches, double lr,
                                     bool stop_requested) {
  const Agreement agreement = agree(learner, micro_batches, stop_requested);
  if (agreement.stop) return std::nullopt;
  StepResult result = accumulate_gradients(learner, micro_batches, agreement.counts);
  const at::NoGradGuard no_grad;
  update(learner, result, lr);
  return result;
}

}  // namespace glid
