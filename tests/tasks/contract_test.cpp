// What every task of the variant must keep, whatever it is about.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "glid/model/parts.h"
#include "glid/tasks/task_config.h"
#include "support/masked_samples.h"
#include "support/small_run.h"
#include "support/task_batches.h"

namespace glid {
namespace {

constexpr int64_t kSize = 24;

// Small, with parameters that start apart, so that every one has a gradient.
template <class Config>
Config small(Config config) {
  if constexpr (requires { config.query.query_init; }) config.query.query_init = QueryInit::kNormal;
  if constexpr (requires { config.queries.query_init; }) config.queries.query_init = QueryInit::kNormal;
  if constexpr (requires { config.bins; }) config.bins = 5;
  if constexpr (requires { config.one_to_many; }) {
    config.queries = 6;
    config.one_to_many.queries = 8;
    config.one_to_many.repeats = 2;
  }
  if constexpr (requires { config.set; }) {
    config.set.num_queries = 6;
    config.set.points.points = 40;
    config.set.queries.query_init = QueryInit::kNormal;
  }
  if constexpr (requires { config.semantic.set; }) {
    config.semantic = small(config.semantic);
    config.instance = small(config.instance);
    config.panoptic = small(config.panoptic);
  }
  return config;
}

template <size_t i = 0>
void add_configs(std::map<std::string, TaskConfig>& configs) {
  if constexpr (i < std::variant_size_v<TaskConfig>) {
    using Config = std::variant_alternative_t<i, TaskConfig>;
    configs.emplace(Config::kName, small(Config()));
    add_configs<i + 1>(configs);
  }
}

std::vector<std::string> task_names() {
  std::map<std::string, TaskConfig> configs;
  add_configs(configs);
  std::vector<std::string> names;
  for (const auto& [name, config] : configs) names.push_back(name);
  return names;
}

TaskContext context_of_all() {
  TaskContext context = masked_context();
  context.vocabulary.images = {{0, "a"}, {1, "b"}, {2, "c"}};
  context.vocabulary.joints = {"head", "left_hand", "right_hand"};
  context.vocabulary.has_masks = context.vocabulary.has_depth = true;
  return context;
}

// Something of everything that a task may be about; `count` objects, the first of which is the person.
Sample sample_of_all(int64_t id, int64_t count) {
  Sample sample = sample_with_masks(id, count, kSize, kSize);
  for (size_t i = 0; i < sample.image.pixels.size(); i += 3)
    sample.targets.depth.push_back(1 + static_cast<float>(sample.image.pixels[i]) / 100);
  sample.targets.label = id % 3;
  const bool has_person = !sample.targets.instances.empty();
  sample.targets.person = Person{.image = id, .box = {2, 2, 20, 22}, .score = 1.0};
  if (!has_person) return sample;
  sample.targets.person->instance = 0;
  sample.targets.instances[0].keypoints = {
      {6, 5, Visibility::kVisible}, {9, 14, Visibility::kHidden}, {17, 13, Visibility::kUnlabelled}};
  return sample;
}

// The counts of objects are 2, 0, 1, 0, 1, 2, ..: some micro-batches have none. Poses are trained on persons only.
std::vector<Sample> samples(int64_t first, int64_t count, bool with_person) {
  std::vector<Sample> all;
  for (int64_t id = first; id < first + count; ++id)
    all.push_back(sample_of_all(id, (id + id / 3 + 2) % 3 + (with_person ? 1 : 0)));
  return all;
}

class TaskContract : public testing::TestWithParam<std::string> {
 protected:
  TaskContract() : alone_(make_communicator(LaunchEnv{}, at::kCPU)), run_(*alone_, at::kDouble, make()) {}

  static std::unique_ptr<Task> make() {
    std::map<std::string, TaskConfig> configs;
    add_configs(configs);
    return make_task(configs.at(GetParam()), context_of_all());
  }
  Batch batch(int64_t first, int64_t count, bool training = true) const {
    return batch_of_samples(*run_.task, samples(first, count, GetParam() == PoseConfig::kName), training);
  }
  std::vector<Answer> answer(const Question& question) const {
    return run_.model->forward(question.units.to(at::kDouble), question.view, question.queries);
  }
  // Sizes of micro-batches -> all gradients, in the order of the parameters.
  std::vector<at::Tensor> gradients(const std::vector<int64_t>& sizes) {
    std::vector<Batch> batches;
    int64_t first = 0;
    for (const int64_t size : sizes) batches.push_back(batch(std::exchange(first, first + size), size));
    const StepResult result = run_.accumulate(batches);
    EXPECT_TRUE(at::isfinite(result.loss).item<bool>());
    loss_ = result.loss.item<double>();
    std::vector<at::Tensor> copies;
    for (const at::Tensor& gradient : run_.gradients.gradients()) copies.push_back(gradient.clone());
    return copies;
  }

  // As a part of the largest gradient: some are 0 but for rounding (a softmax doesn't see a bias that all its inputs share).
  static double difference(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
    double largest = 0, worst = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, b[i].abs().max().item<double>());
      worst = std::max(worst, (a[i] - b[i]).abs().max().item<double>());
    }
    return worst / largest;
  }

  std::unique_ptr<Communicator> alone_;
  SmallRun run_;
  double loss_ = 0;
};

TEST_P(TaskContract, GradientsReachEveryParameter) {
  const std::vector<at::Tensor> all = gradients({6});
  const NamedTensors& parameters = run_.gradients.parameters();
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_TRUE(at::isfinite(all[i]).all().item<bool>()) << parameters[i].first;
    EXPECT_GT(all[i].abs().max().item<double>(), 0) << parameters[i].first;
  }
}

TEST_P(TaskContract, MicroBatchesChangeNothing) {
  const std::vector<at::Tensor> whole = gradients({6});
  const double loss = loss_;
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{3, 3}, {1, 1, 4}}) {
    EXPECT_LT(difference(gradients(sizes), whole), 1e-9);
    EXPECT_NEAR(loss_, loss, 1e-9 * std::abs(loss));
  }
}

TEST_P(TaskContract, ASampleIsTheSameAgainAlone) {
  const Batch together = batch(0, 4), alone = batch(2, 1);
  const BatchImage& image = alone.images.at(0);
  const auto found = std::ranges::find_if(together.images, [&](const BatchImage& i) { return i.key == image.key; });
  ASSERT_NE(found, together.images.end());
  EXPECT_EQ(found->placement, image.placement);
  if (together.runs[0].plan) GTEST_SKIP() << "masked pictures share their plan";
  const Batch part = together.part({found - together.images.begin(), 1});
  EXPECT_TRUE(at::equal(part.units, alone.units));
  for (const auto& [name, array] : alone.arrays) EXPECT_TRUE(at::equal(part.arrays.at(name).values, array.values)) << name;
}

TEST_P(TaskContract, PredictsEverySample) {
  const Batch measured = batch(0, 4, /*training=*/false);
  const Question question = run_.task->ask(measured, /*training=*/false);
  const std::vector<Answer> answers = answer(question);
  const std::vector<Prediction> predictions = run_.task->predict({measured, question, answers});
  if (predictions.empty()) GTEST_SKIP() << "predicts nothing";
  ASSERT_EQ(predictions.size(), 4u);
  for (const Prediction& p : predictions) {
    EXPECT_EQ(p.height, kSize);
    EXPECT_EQ(p.width, kSize);
    for (const size_t size : {p.semantic.size(), p.panoptic.ids.size(), p.depth.size()})
      EXPECT_TRUE(size == 0 || size == static_cast<size_t>(kSize * kSize)) << size;
    for (const Detection& d : p.detections) EXPECT_TRUE(std::isfinite(d.score));
  }
  EXPECT_EQ(run_.task->pictures(answers, question).size(), 4u);
}

// Each answer alone, whatever lies beside it in the batch.
TEST_P(TaskContract, ValidationLossesArePicturesOwn) {
  const Batch all = batch(0, 3, /*training=*/false);
  const auto loss_by_image = [&](const Batch& part) {
    const Question question = run_.task->ask(part, /*training=*/false);
    std::vector<at::Tensor> of_terms;
    for (const LossTerm& term : run_.task->losses(answer(question), question).terms) of_terms.push_back(term.by_image);
    return at::stack(of_terms);  // [terms, B]
  };
  const at::Tensor together = loss_by_image(all);
  for (int64_t i = 0; i < all.size(); ++i) {
    const at::Tensor own = loss_by_image(batch(all.images[static_cast<size_t>(i)].key.id, 1, /*training=*/false));
    EXPECT_LT((together.select(1, i) - own.select(1, 0)).abs().max().item<double>(), 1e-8) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryTask, TaskContract, testing::ValuesIn(task_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace glid
