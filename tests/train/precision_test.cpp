// The whole model in bf16, and averages of its weights that outlive the process.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/eval/answer.h"
#include "glid/nn/layers.h"
#include "glid/train/checkpoint.h"
#include "support/small_run.h"
#include "support/temporary_folder.h"
#include "support/two_questions.h"

namespace glid {
namespace {

std::vector<double> losses(Precision precision) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  run.learner.precision = precision;
  std::vector<double> losses;
  for (int step = 0; step < 6; ++step) {
    const StepResult result = *train_step(run.learner, {run.batch(0, 4)}, 1e-3);
    EXPECT_EQ(result.found_inf.item<float>(), 0);
    losses.push_back(result.loss.item<double>());
  }
  for (const auto& [name, parameter] : run.gradients.parameters()) {
    EXPECT_EQ(parameter.scalar_type(), at::kFloat) << name;
    EXPECT_TRUE(at::isfinite(parameter).all().item<bool>()) << name;
  }
  return losses;
}

TEST(Bf16, TheWholeModelTrainsNearFp32) {
  const std::vector<double> fp32 = losses(Precision::kFp32), bf16 = losses(Precision::kBf16);
  for (size_t i = 0; i < fp32.size(); ++i) EXPECT_NEAR(bf16[i], fp32[i], 0.02 * fp32[i]) << "step " << i;
  EXPECT_LT(bf16.back(), bf16.front());
  EXPECT_NE(bf16, fp32);
}

// Losses and metrics never see low precision.
TEST(Bf16, AnswersAreGivenInFp32) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  const SmallRun run(*alone, at::kFloat, std::make_unique<TwoQuestions>(small_model_shape().encoder));
  const Question question = run.task->ask(run.batch(0, 2), /*training=*/false);
  const std::vector<Answer> fp32 = answer(*run.model, question, Precision::kFp32);
  const std::vector<Answer> bf16 = answer(*run.model, question, Precision::kBf16);
  for (size_t i = 0; i < bf16.size(); ++i) {
    for (const auto& [head, values] : bf16[i].heads) {
      EXPECT_EQ(values.scalar_type(), at::kFloat) << head;
      EXPECT_FALSE(at::equal(values, fp32[i].at(head))) << head;  // it was low precision that made them
    }
    EXPECT_EQ(bf16[i].features.cells.scalar_type(), at::kFloat);
  }
}

TEST(Bf16, NormsAreComputedAndGivenInFp32) {
  const LayerNorm norm(64);
  const at::Tensor x = at::randn({8, 64}).to(at::kBFloat16);
  const AutocastGuard autocast(Precision::kBf16, at::kCPU);
  const at::Tensor y = norm.forward(x);
  EXPECT_EQ(y.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(y, norm.forward(x.to(at::kFloat))));
}

TEST(EmaCheckpoint, GoesOnAsIfNeverStopped) {
  const TemporaryFolder dir;
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  Ema whole(run.gradients.parameters(), 0.9, /*warms_up=*/true);
  run.learner.ema = &whole;
  const auto steps = [&](int count) {
    for (int i = 0; i < count; ++i) (void)train_step(run.learner, {run.batch(0, 2)}, 1e-3);
  };
  steps(3);
  CheckpointWriter writer(dir.path(), {.keep = 1});
  writer.write({3, {{"ema", whole.state()}}, Json::object().set("step", 3), "seed: 1\n"});
  writer.wait();
  steps(1);
  Ema resumed(run.gradients.parameters(), 0.9, /*warms_up=*/true);  // starts at other weights, which the file replaces
  newest_checkpoint(dir.path())->load("ema", resumed.state());
  resumed.update(at::zeros({}));
  for (size_t i = 0; i < whole.state().size(); ++i)
    EXPECT_TRUE(at::equal(whole.state()[i].second, resumed.state()[i].second)) << whole.state()[i].first;
  EXPECT_EQ(resumed.state().back().second.item<float>(), 4);
}

}  // namespace
}  // namespace glid
