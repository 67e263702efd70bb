// The whole model in bf16, and averages of its weights that outlive the process.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <functional>
#include <numeric>

#include "glid/eval/answer.h"
#include "glid/nn/layers.h"
#include "glid/train/checkpoint.h"
#include "support/small_run.h"
#include "support/temporary_folder.h"
#include "support/two_questions.h"

namespace glid {
namespace {

std::vector<double> losses(Precision precision, int steps) {
  at::set_num_threads(1);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat);
  run.learner.precision = precision;
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    const StepResult result = *train_step(run.learner, {run.batch(4 * step, 4)}, 1e-3);
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
  constexpr int kSteps = 30;
  const std::vector<double> fp32 = losses(Precision::kFp32, kSteps), bf16 = losses(Precision::kBf16, kSteps);
  const auto last_third = [](const std::vector<double>& all) {
    return std::accumulate(all.end() - kSteps / 3, all.end(), 0.0);
  };
  for (size_t i = 0; i < fp32.size(); ++i) EXPECT_NEAR(bf16[i], fp32[i], 0.02 * fp32[i]) << "step " << i;
  EXPECT_NEAR(last_third(bf16), last_third(fp32), 0.01 * last_third(fp32));
  EXPECT_LT(bf16.back(), 0.9 * bf16.front());
  EXPECT_NE(bf16, fp32);
}

ModelShape dropping_blocks(ModelShape shape) {
  if (const SwinShape* swin = shape.encoder.swin()) {
    SwinShape dropping = *swin;
    dropping.drop_path = 0.5;
    shape.encoder = dropping;
  } else {
    VitShape dropping = *shape.encoder.vit();
    dropping.drop_path = 0.5;
    shape.encoder = dropping;
  }
  return shape;
}

struct Ways {
  bool copies = false, checkpoints = false;
};

// Losses, answers, gradients and weights of a run in bf16 with all that writes to weights: updates, averages that take the
// weights' place, loading.
std::vector<at::Tensor> history(const ModelShape& shape, std::unique_ptr<const Task> task, const Ways& ways) {
  at::set_num_threads(1);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat, std::move(task), shape);
  WeightCopies copies;
  if (ways.copies) run.learner.weight_copies = &copies;
  run.learner.checkpoints_blocks = ways.checkpoints;
  run.learner.precision = Precision::kBf16;
  Ema ema(run.gradients.parameters(), 0.5, /*warms_up=*/true);
  run.learner.ema = &ema;
  std::vector<at::Tensor> seen;
  const auto look = [&] {
    const at::NoGradGuard no_grad;
    const Question question = run.task->ask(run.batch(9, 2), /*training=*/false);
    for (const Answer& asked : answer(*run.model, question, Precision::kBf16, run.learner.weight_copies))
      for (const auto& [head, values] : asked.heads) seen.push_back(values);
  };
  for (int step = 0; step < 3; ++step) {
    const StepResult result = *train_step(run.learner, {run.batch(4 * step, 2), run.batch(4 * step + 2, 2)}, 1e-3);
    seen.push_back(result.loss);
    for (const at::Tensor& gradient : run.gradients.gradients()) seen.push_back(gradient.clone());
    ema.swap();
    look();
    ema.swap();
    look();
    if (step == 1) initialise(*run.model, 12);
  }
  EXPECT_EQ(copies.size() > 10, ways.copies);
  for (const auto& [name, parameter] : run.gradients.parameters()) seen.push_back(parameter.detach());
  return seen;
}

void expect_the_same_every_way(const ModelShape& shape, const std::function<std::unique_ptr<const Task>()>& task) {
  const std::vector<at::Tensor> plain = history(shape, task(), {});
  for (const Ways& ways : {Ways{.copies = true}, Ways{.checkpoints = true}, Ways{.copies = true, .checkpoints = true}}) {
    const std::vector<at::Tensor> other = history(shape, task(), ways);
    ASSERT_EQ(other.size(), plain.size());
    for (size_t i = 0; i < plain.size(); ++i)
      ASSERT_TRUE(at::equal(other[i], plain[i])) << i << " of " << plain.size() << ways.copies << ways.checkpoints;
  }
}

TEST(Bf16, WeightCopiesAndCheckpointedBlocksChangeNoBit) {
  for (const ModelShape& model : {small_model_shape(), small_vit_model_shape()}) {
    const ModelShape shape = dropping_blocks(model);
    expect_the_same_every_way(shape, [&] { return std::make_unique<MaskedImage>(hiding_half(), shape.encoder, 24); });
  }
}

TEST(Bf16, NorDoTheyWhereLayersAnswerSeveralQuestions) {
  const ModelShape shape = small_model_shape();
  expect_the_same_every_way(shape, [&] { return std::make_unique<TwoQuestions>(shape.encoder); });
}

// Without autocast as well.
TEST(Fp32, CheckpointedBlocksChangeNoBit) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  std::vector<std::vector<at::Tensor>> gradients;
  for (const bool checkpoints : {false, true}) {
    const ModelShape shape = dropping_blocks(small_model_shape());
    SmallRun run(*alone, at::kFloat, std::make_unique<MaskedImage>(hiding_half(), shape.encoder, 24), shape);
    run.learner.checkpoints_blocks = checkpoints;
    (void)run.accumulate({run.batch(0, 2), run.batch(2, 1)});
    gradients.emplace_back();
    for (const at::Tensor& gradient : run.gradients.gradients()) gradients.back().push_back(gradient.clone());
  }
  for (size_t i = 0; i < gradients[0].size(); ++i) EXPECT_TRUE(at::equal(gradients[0][i], gradients[1][i])) << i;
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
