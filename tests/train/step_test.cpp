#include "glid/train/step.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/small_run.h"

namespace glid {
namespace {

std::vector<at::Tensor> gradients_of(at::ScalarType type, const std::vector<std::pair<int64_t, int64_t>>& parts) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, type);
  std::vector<Batch> batches;
  for (const auto& [first, count] : parts) batches.push_back(run.batch(first, count));
  run.accumulate(batches);
  std::vector<at::Tensor> copies;
  for (const at::Tensor& gradient : run.gradients.gradients()) copies.push_back(gradient.clone());
  return copies;
}

TEST(TrainStep, MicroBatchesGiveTheGradientsOfOneBatch) {
  EXPECT_LT(largest_difference(gradients_of(at::kDouble, {{0, 4}, {4, 4}}), gradients_of(at::kDouble, {{0, 8}})), 1e-10);
  EXPECT_LT(largest_difference(gradients_of(at::kFloat, {{0, 4}, {4, 4}}), gradients_of(at::kFloat, {{0, 8}})), 3e-5);
  EXPECT_LT(largest_difference(gradients_of(at::kDouble, {{0, 2}, {2, 6}}), gradients_of(at::kDouble, {{0, 8}})), 1e-10);
}

TEST(TrainStep, TheSameStepTwiceIsBitEqual) {
  EXPECT_EQ(largest_difference(gradients_of(at::kFloat, {{0, 8}}), gradients_of(at::kFloat, {{0, 8}})), 0);
}

TEST(TrainStep, SkipsAnUpdateThatIsNotFinite) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  {
    const at::NoGradGuard no_grad;
    run.model->heads->linears[0].second->bias[0] = std::numeric_limits<float>::infinity();
  }
  const at::Tensor before = run.model->decoder->cls_token.detach().clone();
  const StepResult result = *train_step(run.learner, {run.batch(0, 2)}, 0.1);
  EXPECT_EQ(result.found_inf.item<float>(), 1);
  EXPECT_TRUE(at::equal(run.model->decoder->cls_token, before));
}

TEST(TrainStep, ClipsToTheNorm) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  run.learner.clip = 1e-3;
  const StepResult result = *train_step(run.learner, {run.batch(0, 2)}, 0.0);
  double squares = 0;
  for (const at::Tensor& gradient : run.gradients.gradients()) squares += gradient.square().sum().item<double>();
  EXPECT_GT(result.grad_norm.item<double>(), 1e-2);  // before clipping
  EXPECT_NEAR(std::sqrt(squares), 1e-3, 1e-6);
}

// A few seconds of training lower the loss and tell the queries apart.
TEST(Learning, OverfitsAFewImages) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  const std::vector<Batch> batch{run.batch(0, 4)};
  const double first = train_step(run.learner, batch, 3e-3)->loss.item<double>();
  double loss = first, spread = 0;
  for (int step = 0; step < 150; ++step) {
    const StepResult result = *train_step(run.learner, batch, 3e-3);
    loss = result.loss.item<double>();
    spread = result.diagnostics[0].value.item<double>();
  }
  EXPECT_GT(first, 0.8);
  EXPECT_LT(loss, 0.7 * first);
  EXPECT_GT(spread, 0.02);
}

}  // namespace
}  // namespace glid
