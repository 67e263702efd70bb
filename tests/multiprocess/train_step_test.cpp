#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/train/resume.h"
#include "support/on_ranks.h"
#include "support/small_run.h"
#include "support/two_questions.h"

namespace glid {
namespace {

// 2 ranks x 4 images give the gradients of 1 rank x 8.
void compare_with_one_process(at::ScalarType type, double tolerance) {
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun whole(*alone, type), shared(*group, type);
  whole.accumulate({whole.batch(0, 8)});
  shared.accumulate({shared.batch(4 * group->rank(), 4)});
  EXPECT_LT(largest_difference(shared.gradients.gradients(), whole.gradients.gradients()), tolerance);
  shared.accumulate({shared.batch(4 * group->rank(), 2), shared.batch(4 * group->rank() + 2, 2)});
  EXPECT_LT(largest_difference(shared.gradients.gradients(), whole.gradients.gradients()), tolerance);
}

TEST(TrainStepOnTwoRanks, EqualsOneRankInDouble) {
  if (on_ranks(2)) compare_with_one_process(at::kDouble, 1e-10);
}

TEST(TrainStepOnTwoRanks, EqualsOneRankInFloat) {
  if (on_ranks(2)) compare_with_one_process(at::kFloat, 3e-5);
}

TEST(TrainStepOnTwoRanks, TheLossIsTheGlobalBatchs) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun whole(*alone, at::kDouble), shared(*group, at::kDouble);
  const double expected = whole.accumulate({whole.batch(0, 8)}).loss.item<double>();
  const at::Tensor loss = shared.accumulate({shared.batch(4 * group->rank(), 4)}).loss.clone();
  group->all_reduce_sum(loss);
  EXPECT_NEAR(loss.item<double>(), expected, 1e-12);
}

std::unique_ptr<Task> two_questions() { return std::make_unique<TwoQuestions>(small_model_shape().encoder); }

// Eight pictures over two ranks and four micro-batches of one picture each: most have no picture of one question, or no
// object. Counts over all of them make every division exact.
TEST(TwoQuestionsOnTwoRanks, AnyDivisionGivesTheSameGradients) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun whole(*alone, at::kDouble, two_questions()), shared(*group, at::kDouble, two_questions());
  const double loss = whole.accumulate({whole.batch(0, 8)}).loss.item<double>();
  const int64_t first = 4 * group->rank();
  std::vector<Batch> ones;
  for (int64_t i = 0; i < 4; ++i) ones.push_back(shared.batch(first + i, 1));
  for (const std::vector<Batch>& division : {std::vector<Batch>{shared.batch(first, 4)}, ones}) {
    const at::Tensor share = shared.accumulate(division).loss.clone();
    group->all_reduce_sum(share);
    EXPECT_NEAR(share.item<double>(), loss, 1e-10 * loss);
    EXPECT_LT(largest_difference(shared.gradients.gradients(), whole.gradients.gradients()), 1e-9);
  }
}

// One rank has pictures of the first question only, the other of the second only.
TEST(TwoQuestionsOnTwoRanks, ARankWithoutPicturesOfAQuestionTakesPart) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun whole(*alone, at::kDouble, two_questions()), shared(*group, at::kDouble, two_questions());
  const auto every_second = [](const SmallRun& run, int64_t from) {
    return std::vector<Batch>{run.batch(from, 1), run.batch(from + 2, 1), run.batch(from + 4, 1)};
  };
  whole.accumulate({whole.batch(0, 6)});
  shared.accumulate(every_second(shared, group->rank()));
  EXPECT_LT(largest_difference(shared.gradients.gradients(), whole.gradients.gradients()), 1e-9);
}

TEST(TwoQuestionsOnTwoRanks, AgreeToStopWhereOneIsAsked) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  SmallRun run(*group, at::kDouble, two_questions());
  const std::vector<Batch> batches{run.batch(group->rank(), 1)};
  EXPECT_FALSE(train_step(run.learner, batches, 0.1, /*stop_requested=*/group->rank() == 1).has_value());
  EXPECT_TRUE(train_step(run.learner, batches, 0.1, /*stop_requested=*/false).has_value());
}

// Node-local disks, a cache of a network's folder: what one rank sees and another doesn't must not become two runs.
TEST(Start, MustBeTheSameForAllRanks) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU);
  RunConfig config;
  config.out = "runs/apart";
  std::optional<Start> start;
  require_same_start(start, config, *group);
  start.emplace().state.step = 8;
  require_same_start(start, config, *group);
  if (!group->is_main()) start.reset();
  try {
    require_same_start(start, config, *group);
    ADD_FAILURE() << "rank " << group->rank() << " starts";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "runs/apart: looks different to the ranks (got rank 0: step 8, rank 1: no checkpoint); give all ranks one "
                 "shared folder");
  }
}

}  // namespace
}  // namespace glid
