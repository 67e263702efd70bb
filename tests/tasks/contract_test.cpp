// What every task of the variant must keep, whatever it is about.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/format.h"
#include "glid/tasks/part_in_training.h"
#include "glid/tasks/pixel_task.h"
#include "support/case_losses.h"
#include "support/every_task.h"

namespace glid {
namespace {

constexpr std::string_view kOnVit = "_on_vit";

// Every task on a ViT, and on a Swin where it can be asked of one.
std::vector<std::string> tasks_on_encoders() {
  std::vector<std::string> names;
  for (const auto& [name, config] : every_task()) {
    if (is_answered_by(small_model_shape().encoder, config)) names.push_back(name);
    names.push_back(format("{}{}", name, kOnVit));
  }
  return names;
}

class TaskContract : public testing::TestWithParam<std::string> {
 protected:
  TaskContract() : alone_(make_communicator(LaunchEnv{}, at::kCPU)), run_(*alone_, at::kDouble, make(), shape()) {}

  static bool is_on_vit() { return GetParam().ends_with(kOnVit); }
  static TaskConfig config() {
    return every_task().at(GetParam().substr(0, GetParam().size() - (is_on_vit() ? kOnVit.size() : 0)));
  }
  static ModelShape shape() {
    std::vector<ModelShape> shapes = small_model_shapes();
    if (is_on_vit()) std::erase_if(shapes, [](const ModelShape& shape) { return !shape.encoder.vit(); });
    return small_model_for(config(), shapes);
  }
  static std::unique_ptr<Task> make() {
    TaskContext context = context_of_all();
    context.model = shape();
    return make_task(config(), context);
  }
  Batch batch(int64_t first, int64_t count, bool training = true) const {
    return batch_of_samples(*run_.task, samples_of_all(first, count), training);
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
    diagnostics_.clear();
    for (const Diagnostic& d : result.diagnostics) diagnostics_.push_back(d.value.item<double>());
    std::vector<at::Tensor> copies;
    for (const at::Tensor& gradient : run_.gradients.gradients()) copies.push_back(gradient.clone());
    return copies;
  }

  std::unique_ptr<Communicator> alone_;
  SmallRun run_;
  double loss_ = 0;
  std::vector<double> diagnostics_;
};

// What stands around it may not have been decoded.
TEST_P(TaskContract, TrainingLooksAtItsPartAlone) {
  const PartByKey part = part_in_training(config(), context_of_all().image_size_px);
  if (!part) return;
  for (int64_t id = 0; id < 20; ++id) {
    const SampleKey key{5, 1, id};
    Sample sample = sample_of_all(id, 1);
    const auto prepared = run_.task->prepare(sample, key, {}, /*training=*/true);
    const Box box = part(sample.image.height, sample.image.width, key);
    for (int64_t y = 0; y < kSampleSize; ++y)
      for (int64_t x = 0; x < kSampleSize; ++x)
        if (y + 1 <= box.y0 || y >= box.y1 || x + 1 <= box.x0 || x >= box.x1) sample.image.row(y)[3 * x] ^= 255;
    const auto again = run_.task->prepare(sample, key, {}, /*training=*/true);
    for (size_t i = 0; i < prepared.size(); ++i) EXPECT_EQ(prepared[i].image, again.at(i).image);
  }
}

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
  const std::vector<double> diagnostics = diagnostics_;
  const bool odd = takes_odd_batches(config());
  for (const std::vector<int64_t>& sizes :
       {std::vector<int64_t>{odd ? 3 : 4, odd ? 3 : 2}, {odd ? 1 : 2, odd ? 1 : 2, odd ? 4 : 2}}) {
    EXPECT_LT(difference_of_all(gradients(sizes), whole), 1e-9);
    EXPECT_NEAR(loss_, loss, 1e-9 * std::abs(loss));
    ASSERT_EQ(diagnostics_.size(), diagnostics.size());
    for (size_t i = 0; i < diagnostics.size(); ++i) EXPECT_NEAR(diagnostics_[i], diagnostics[i], 1e-9 * diagnostics[i]) << i;
  }
}

// The sum that parity is shown of.
TEST_P(TaskContract, TermsByNameAddUpToTheLoss) {
  const Question question = run_.task->ask(batch(0, 6), /*training=*/true);
  const double total = losses_by_name(*run_.task, answer(question), question).at("total").at(0);
  (void)gradients({6});
  EXPECT_NEAR(total, loss_, 1e-9 * std::abs(loss_));
}

TEST_P(TaskContract, ASampleIsTheSameAgainAlone) {
  const Batch together = batch(0, 4), alone = batch(2, 1);
  const BatchImage& image = alone.images.at(0);
  const auto found = std::ranges::find_if(together.images, [&](const BatchImage& i) { return i.key == image.key; });
  ASSERT_NE(found, together.images.end());
  EXPECT_EQ(found->placement, image.placement);
  if (together.runs[0].plan) {
    const int64_t place = found - together.images.begin(), units = image.grid.size();
    const auto hidden_of = [](const Batch& batch, int64_t i) {
      return to_tensors(*batch.runs.at(0).plan, at::kCPU)->hidden_cells.narrow(0, i, 1);
    };
    EXPECT_GT(hidden_of(alone, 0).size(1), 0);
    EXPECT_TRUE(at::equal(hidden_of(together, place), hidden_of(alone, 0)));
    EXPECT_TRUE(at::equal(together.units.narrow(0, place * units, units), alone.units.narrow(0, 0, units)));
    return;  // a part of a run of masked pictures is no batch
  }
  const Batch part = together.part({found - together.images.begin(), 1});
  EXPECT_TRUE(at::equal(part.units, alone.units));
  for (const auto& [name, array] : alone.arrays) EXPECT_TRUE(at::equal(part.arrays.at(name).values, array.values)) << name;
}

// The rows of hidden units among those of all pictures; undefined: the task hides none.
at::Tensor hidden_rows(const Question& question) {
  const BatchPlan& plan = question.view.plan;
  if (plan.runs.at(0).plan->is_whole() && !question.batch.arrays.contains("hidden")) return {};
  std::vector<at::Tensor> rows;
  for (const HiddenUnitsOfRun& hidden : hidden_units_of(question.batch, plan)) rows.push_back(hidden.rows);
  return at::cat(rows);
}

// What is hidden can be anything: no answer changes by a bit. Where tokens see those before them, what is asked first.
TEST_P(TaskContract, NoHiddenPixelIsSeen) {
  Question question = run_.task->ask(batch(0, 4), /*training=*/true);
  const at::Tensor rows = hidden_rows(question);
  if (!rows.defined()) GTEST_SKIP() << "hides nothing";
  const auto told = [&] {
    std::vector<at::Tensor> all;
    for (const Answer& answered : answer(question))
      for (const auto& [name, output] : answered.heads)
        all.push_back((question.view.prefix.defined() ? output.narrow(2, 0, 1) : output).flatten());
    return at::cat(all);
  };
  const at::Tensor before = told(), units = question.units;
  question.units = units.index_fill(0, rows, 7);
  ASSERT_FALSE(at::equal(question.units, units));
  EXPECT_TRUE(at::equal(told(), before));
  const at::Tensor is_seen = at::ones({units.size(0)}, at::kBool).index_fill(0, rows, false);
  question.units = units.index_fill(0, is_seen.nonzero().flatten(), 7);
  EXPECT_FALSE(at::equal(told(), before));
}

TEST_P(TaskContract, PredictsEverySample) {
  const Batch measured = batch(0, 4, /*training=*/false);
  const Question question = run_.task->ask(measured, /*training=*/false);
  const std::vector<Answer> answers = answer(question);
  const std::vector<Prediction> predictions = run_.task->predict({measured, question, answers});
  if (predictions.empty()) GTEST_SKIP() << "predicts nothing";
  ASSERT_EQ(predictions.size(), 4u);
  for (const Prediction& p : predictions) {
    EXPECT_EQ(p.height, kSampleSize);
    EXPECT_EQ(p.width, kSampleSize);
    for (const size_t size : {p.semantic.size(), p.panoptic.ids.size(), p.depth.size()})
      EXPECT_TRUE(size == 0 || size == static_cast<size_t>(kSampleSize * kSampleSize)) << size;
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
  std::map<int64_t, int64_t> num_views;  // of each sample, so far
  for (int64_t i = 0; i < all.size(); ++i) {
    const int64_t id = all.images[static_cast<size_t>(i)].key.id, view = num_views[id]++;
    const at::Tensor own = loss_by_image(batch(id, 1, /*training=*/false));
    EXPECT_LT((together.select(1, i) - own.select(1, view)).abs().max().item<double>(), 1e-8) << i;
  }
}

// Whoever reads the answers must know; shapes don't tell.
TEST_P(TaskContract, HeadsOfClassesSayWhatTheirLogitsMean) {
  for (const HeadSpec& head : run_.task->spec().heads)
    EXPECT_EQ(head.logits != Logits::kNone, head.name.ends_with("class")) << head.name;
}

INSTANTIATE_TEST_SUITE_P(EveryTask, TaskContract, testing::ValuesIn(tasks_on_encoders()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace glid
