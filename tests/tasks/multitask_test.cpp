#include "glid/tasks/multitask.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "glid/tasks/task_config.h"
#include "support/masked_samples.h"
#include "support/small_run.h"
#include "support/task_batches.h"

namespace glid {
namespace {

MultitaskConfig config_of(QueryTable table) {
  MultitaskConfig config{.tasks = {"semantic", "instance"}, .query_table = table};
  for (MaskSetConfig* set : {&config.semantic.set, &config.instance.set}) {
    set->num_queries = 5;
    set->queries.query_init = QueryInit::kNormal;
    set->points.points = 40;
  }
  config.instance.set.num_queries = 7;
  return config;
}

std::unique_ptr<Task> task_of(QueryTable table) { return make_task(config_of(table), masked_context()); }

// Samples with more and fewer objects; they are at the positions of their ids.
Batch batch_from(const Task& task, int64_t first, int64_t count) {
  std::vector<Sample> samples;
  for (int64_t id = first; id < first + count; ++id) samples.push_back(sample_with_masks(id, id % 3));
  return batch_of_samples(task, samples, /*training=*/true);
}

TEST(Multitask, PicturesAreDealtByPositionAndStep) {
  const auto task = task_of(QueryTable::kShared);
  const Sample sample = sample_with_masks(4, 2);
  for (const int64_t step : {0, 1, 2})
    for (const int64_t position : {0, 1, 2, 3}) {
      const PreparedImage image = task->prepare(sample, {5, 0, 4}, {step, position}, /*training=*/true).at(0);
      EXPECT_EQ(image.group, (step + position) % 2);
      EXPECT_TRUE(image.arrays.contains(image.group == 0 ? "semantic.labels" : "instance.labels"));
      EXPECT_EQ(image.arrays.size(), 3u);
    }
}

TEST(Multitask, OneTableIsReadByAllOrEveryTaskHasRows) {
  EXPECT_EQ(task_of(QueryTable::kShared)->spec().queries.learned, (std::vector<int64_t>{7}));
  EXPECT_EQ(task_of(QueryTable::kOwn)->spec().queries.learned, (std::vector<int64_t>{5, 7}));
  for (const QueryTable table : {QueryTable::kShared, QueryTable::kOwn}) {
    const auto task = task_of(table);
    const Question question = task->ask(batch_from(*task, 0, 5), /*training=*/true);
    ASSERT_EQ(question.queries.size(), 2u);
    EXPECT_EQ(question.queries[0].images.count, 3);
    EXPECT_EQ(question.queries[1].images.first, 3);
    EXPECT_EQ(std::get<LearnedQueries>(question.queries[1].asked).first, table == QueryTable::kOwn ? 5 : 0);
    EXPECT_THAT(question.queries[1].heads, testing::ElementsAre("instance_class", "instance_embedding"));
  }
}

std::map<std::string, double> loss_of(const Task& task, const std::vector<Answer>& answers, const Question& question) {
  const std::map<std::string, double> counts = sums_of(task.counts(question.batch));
  std::map<std::string, double> losses;
  for (const LossTerm& term : task.losses(answers, question).terms)
    losses["sum"] += weight_of(term, counts) * term.sum.item<double>() / std::max(1.0, count_of(term, term.count, counts));
  return losses;
}

// Each task as if it were alone with its pictures, weighed by their share.
TEST(Multitask, LossIsTheTasksOwnByTheirShare) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  const MultitaskConfig config = config_of(QueryTable::kShared);
  SmallRun run(*alone, at::kDouble, task_of(QueryTable::kShared));
  const Question question = run.task->ask(batch_from(*run.task, 0, 5), /*training=*/true);
  const auto answer = [&](const Question& asked) {
    return run.model->forward(asked.units.to(at::kDouble), asked.view, asked.queries);
  };
  const double together = loss_of(*run.task, answer(question), question)["sum"];

  const Semantic semantic(config.semantic, masked_context());
  const InstanceMasks instance(config.instance, masked_context());
  double expected = 0;
  for (const Task* own : std::initializer_list<const Task*>{&semantic, &instance}) {
    std::vector<Sample> samples;
    for (int64_t id = own == &semantic ? 0 : 1; id < 5; id += 2) samples.push_back(sample_with_masks(id, id % 3));
    Question asked = own->ask(batch_of_samples(*own, samples, /*training=*/true), /*training=*/true);
    const std::string name = own == &semantic ? "semantic_" : "instance_";
    asked.queries[0].heads = {name + "class", name + "embedding"};
    std::vector<Answer> answers = answer(asked);
    answers[0].heads = {{"class", answers[0].at(name + "class")}, {"embedding", answers[0].at(name + "embedding")}};
    expected += loss_of(*own, answers, asked)["sum"] * static_cast<double>(samples.size()) / 5;
  }
  EXPECT_NEAR(together, expected, 1e-9 * expected);
}

// Also where a micro-batch has no picture of a task.
TEST(Multitask, MicroBatchesChangeNothing) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  for (const QueryTable table : {QueryTable::kShared, QueryTable::kOwn}) {
    SmallRun run(*alone, at::kDouble, task_of(table));
    const auto gradients_of = [&](const std::vector<int64_t>& sizes) {
      std::vector<Batch> batches;
      int64_t first = 0;
      for (const int64_t size : sizes) {
        batches.push_back(batch_from(*run.task, first, size));
        first += size;
      }
      run.accumulate(batches);
      std::vector<at::Tensor> gradients;
      for (const at::Tensor& gradient : run.gradients.gradients()) gradients.push_back(gradient.clone());
      return gradients;
    };
    const std::vector<at::Tensor> whole = gradients_of({6});
    EXPECT_LT(largest_difference(gradients_of({3, 3}), whole), 1e-9);
    EXPECT_LT(largest_difference(gradients_of({1, 2, 3}), whole), 1e-9);
    for (size_t i = 0; i < whole.size(); ++i)
      EXPECT_GT(whole[i].abs().max().item<double>(), 0) << run.gradients.parameters()[i].first;
  }
}

TEST(Multitask, EveryPictureServesAllTasksWhenItIsMeasured) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kDouble, task_of(QueryTable::kOwn));
  const std::vector<Sample> samples{sample_with_masks(0, 2), sample_with_masks(1, 0, 30, 40)};
  const Batch batch = batch_of_samples(*run.task, samples, /*training=*/false);
  ASSERT_EQ(batch.size(), 2);
  const Question question = run.task->ask(batch, /*training=*/false);
  const std::vector<Answer> answers = run.model->forward(question.units.to(at::kDouble), question.view, question.queries);
  const std::vector<Prediction> predictions = run.task->predict({batch, question, answers});
  ASSERT_EQ(predictions.size(), 2u);
  EXPECT_EQ(predictions[1].semantic.size(), 30u * 40);
  EXPECT_FALSE(predictions[1].detections.empty());
  EXPECT_EQ(batch.images[0].truth->instances.size(), samples[0].targets.instances.size());
  EXPECT_EQ(batch.images[1].truth->semantic, samples[1].targets.semantic);
  const LossCounts counts = run.task->counts(batch);
  EXPECT_EQ(counts.at("semantic.pictures"), (std::vector<double>{1, 1}));
  EXPECT_EQ(counts.at(kPictures), (std::vector<double>{2, 2}));
  EXPECT_EQ(run.task->pictures(answers, question).at(0).size(), run.task->picture_titles().size());
}

}  // namespace
}  // namespace glid
