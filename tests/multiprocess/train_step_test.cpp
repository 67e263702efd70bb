#include <gtest/gtest.h>

#include "support/on_ranks.h"
#include "support/small_run.h"

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

}  // namespace
}  // namespace glid
