// Every task of the variant, on one rank and on two: the same losses, gradients and metrics to rounding, whatever objects
// each rank has. (Depth's si_pool: micro_batch is no such loss, and not the default.)
#include <gtest/gtest.h>

#include "glid/eval/evaluate.h"
#include "support/every_task.h"
#include "support/on_ranks.h"

namespace glid {
namespace {

constexpr double kRounding = 1e-9;

class EveryTaskOnTwoRanks : public testing::TestWithParam<std::string> {
 protected:
  static const TaskConfig& config() {
    static const std::map<std::string, TaskConfig> configs = every_task();
    return configs.at(GetParam());
  }
  static SmallRun run(Communicator& communicator) {
    TaskContext context = context_of_all();
    context.model = small_model_for(config());
    return {communicator, at::kDouble, make_task(config(), context), context.model};
  }
  // Samples [first, first + count) as a micro-batch in their places of the global batch.
  static Batch batch(const Task& task, const SamplesOfAll& data, int64_t first, int64_t count) {
    std::vector<Sample> samples;
    for (int64_t id = first; id < first + count; ++id) samples.push_back(data.get(id));
    return batch_of_samples(task, samples, /*training=*/true);
  }
};

double sum_over(Communicator& communicator, const at::Tensor& share) {
  const at::Tensor sum = share.clone();
  communicator.all_reduce_sum(sum);
  return sum.item<double>();
}

// Every loss and metric of a validation in batches of two.
std::vector<MetricValue> validation(SmallRun& run, Communicator& communicator, const TaskConfig& config,
                                    const std::vector<int64_t>& num_objects) {
  const Prepare prepare = [&](const Sample& sample, const SampleKey& key, const BatchPosition& position) {
    return run.task->prepare(sample, key, position, /*training=*/false);
  };
  const ValidationPlan::Share share{1, 2, communicator.rank(), communicator.size()};
  const auto plan = std::make_shared<ValidationPlan>(std::ssize(num_objects), 5, share);
  Loader loader(std::make_shared<SamplesOfAll>(num_objects), plan, {.unit_px = run.shape.encoder.unit_px(), .workers = 0},
                prepare);
  const Vocabulary vocabulary = context_of_all().vocabulary;
  const MetricSettings metric = small_metric(config, vocabulary.joints.size());
  Scores scores{.loss = MeanLoss{}, .measures = make_measures(metric, vocabulary)};
  EXPECT_TRUE(evaluate({*run.model, *run.task, loader, communicator}, scores));
  return scores.values();
}

TEST_P(EveryTaskOnTwoRanks, EqualsOneRank) {
  if (!on_ranks(2)) return;
  const auto group = make_communicator(read_launch_env(), at::kCPU), alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun whole = run(*alone), shared = run(*group);
  // Both ranks have objects; one of them, in a later micro-batch only; none.
  for (std::vector<int64_t> objects : {std::vector<int64_t>{2, 0, 1, 3, 1, 2}, {0, 0, 0, 0, 2, 1}, {0, 0, 0, 0, 0, 0}}) {
    SCOPED_TRACE(testing::PrintToString(objects));
    const int64_t num_first = takes_odd_batches(config()) ? 1 : 2, count = num_first + 2;
    objects.resize(static_cast<size_t>(2 * count));
    const SamplesOfAll data(objects);
    const double loss = whole.accumulate({batch(*whole.task, data, 0, 2 * count)}).loss.item<double>();
    const int64_t first = count * group->rank();
    const StepResult share =
        shared.accumulate({batch(*shared.task, data, first, num_first), batch(*shared.task, data, first + num_first, 2)});
    EXPECT_NEAR(sum_over(*group, share.loss), loss, kRounding * std::abs(loss));
    EXPECT_LT(difference_of_all(shared.gradients.gradients(), whole.gradients.gradients()), kRounding);
    const std::vector<MetricValue> expected = validation(whole, *alone, config(), objects),
                                   got = validation(shared, *group, config(), objects);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].value, expected[i].value) << expected[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Walk, EveryTaskOnTwoRanks, testing::ValuesIn(task_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace glid
