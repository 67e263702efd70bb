#include "glid/tasks/detection.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "glid/core/error.h"
#include "glid/formats/resize.h"
#include "glid/viz/image_grid.h"
#include "support/detection_samples.h"
#include "support/plans.h"

namespace glid {
namespace {

struct DetectionRun {
  explicit DetectionRun(const DetectionConfig& config = small_detection())
      : task(config, detection_context()), model(std::make_shared<Glid>(small_model_shape(), task.spec())) {
    initialise_randomly(*model);
    model->to(at::kDouble);
  }
  std::vector<Answer> answer(const Question& question) const {
    return model->forward(question.units.to(at::kDouble), question.view, question.queries);
  }

  ObjectDetection task;
  std::shared_ptr<Glid> model;
};

// Exactly the two blocks between the groups are masked, and the first group's answers are those it gives alone.
TEST(Detection, GroupsOfQueriesDontSeeEachOther) {
  const DetectionRun run;
  const Batch batch = batch_of_samples(run.task, {sample_with_boxes(0, 2), sample_with_boxes(1, 1)}, true);
  const Question training = run.task.ask(batch, true), evaluation = run.task.ask(batch, false);
  const at::Tensor& mask = training.queries[0].self_mask;
  ASSERT_EQ(mask.sizes(), (at::IntArrayRef{13, 13}));
  EXPECT_EQ(mask.sum().item<int64_t>(), 4 * 4 + 9 * 9);
  EXPECT_TRUE(mask.slice(0, 0, 4).slice(1, 0, 4).all().item<bool>());
  EXPECT_TRUE(mask.slice(0, 4).slice(1, 4).all().item<bool>());
  EXPECT_FALSE(evaluation.queries[0].self_mask.defined());
  const std::vector<Answer> all = run.answer(training), first = run.answer(evaluation);
  for (const char* head : {"class", "box"}) {
    ASSERT_EQ(first[0].at(head).size(2), 4);
    EXPECT_LT((all[0].at(head).narrow(2, 0, 4) - first[0].at(head)).abs().max().item<double>(), 1e-12) << head;
  }
}

TEST(Detection, PreparesWhatCanBeLearned) {
  const ObjectDetection task(small_detection(), detection_context());
  Sample sample = sample_with_boxes(1, 0, 48, 96);
  sample.targets.instances.push_back(object(2, {24, 12, 72, 36}));
  sample.targets.instances.push_back(object(0, {-10, 0, 24, 48}));
  bool mirrored = false, straight = false;
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    const PreparedImage image = task.prepare(sample, {1, epoch, 1}, {}, /*training=*/true).at(0);
    EXPECT_EQ(image.image.height, 24);
    const bool is_mirrored = image.placement.is_mirrored();
    (is_mirrored ? mirrored : straight) = true;
    EXPECT_EQ(std::get<std::vector<int64_t>>(image.arrays.at("labels").values), (std::vector<int64_t>{2, 0}));
    const std::vector<float> expected{0.5F, 0.5F, 0.5F, 0.5F, is_mirrored ? 0.875F : 0.125F, 0.5F, 0.25F, 1};
    EXPECT_THAT(std::get<std::vector<float>>(image.arrays.at("boxes").values),
                testing::Pointwise(testing::FloatNear(1e-6F), expected));
    EXPECT_EQ(task.prepare(sample, {1, epoch, 1}, {7, 7}, true).at(0).image, image.image);  // of the key alone
  }
  EXPECT_TRUE(mirrored && straight);
  const PreparedImage whole = task.prepare(sample, {1, 0, 1}, {}, /*training=*/false).at(0);
  EXPECT_FALSE(whole.placement.is_mirrored());
  EXPECT_EQ(whole.truth->instances.size(), 4u);  // a crowd's too
}

TEST(Detection, PicturesHaveTheSizesAsked) {
  DetectionConfig config = small_detection();
  config.pictures = {.sizes = {16, 32}, .max_size = 40, .cut_sizes = {20}, .cut = {12, 30}};
  const ObjectDetection task(config, detection_context());
  const Sample sample = sample_with_boxes(1, 3, 48, 96);
  std::set<int64_t> shorter_sides;
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    const PreparedImage image = task.prepare(sample, {1, epoch, 1}, {}, /*training=*/true).at(0);
    EXPECT_EQ(image.placement, config.pictures.training({48, 96}, {1, epoch, 1}, 24));
    shorter_sides.insert(std::min(image.image.height, image.image.width));
  }
  EXPECT_TRUE(shorter_sides.contains(16));
  EXPECT_GT(*shorter_sides.rbegin(), 20);  // whole, 32 becomes 20; a part is less elongated
  EXPECT_EQ(task.prepare(sample, {1, 0, 1}, {}, false).at(0).placement, Placement(48, 96).resize(20, 40));
}

TEST(Detection, NeedsDataWithBoxes) { EXPECT_THROW(ObjectDetection({}, {small_model_shape(), 24, {}}), UsageError); }

TEST(Detection, HasTheHeadsOfItsConfiguration) {
  const TaskSpec focal = ObjectDetection({}, detection_context()).spec();
  EXPECT_EQ(focal.heads[0].outputs, kClasses);
  EXPECT_NEAR(focal.heads[0].bias, -4.59512, 1e-5);
  EXPECT_EQ(focal.queries.learned, (std::vector<int64_t>{300, 1500}));
  EXPECT_EQ(focal.supervised_layers, (std::vector<int64_t>{1, 2, 3}));
  DetectionConfig config = small_detection(ClassLoss::kSoftmax);
  config.box_reference = BoxReference::kLearned;
  config.one_to_many.queries = 0;
  config.auxiliary = false;
  const TaskSpec softmax = ObjectDetection(config, detection_context()).spec();
  EXPECT_EQ(softmax.heads[0].outputs, kClasses + 1);
  EXPECT_EQ(softmax.heads[0].bias, 0);
  EXPECT_EQ(softmax.heads[1].references, 2);
  EXPECT_EQ(softmax.queries.learned, (std::vector<int64_t>{4}));
  EXPECT_TRUE(softmax.supervised_layers.empty());
}

TEST(Detection, WithoutObjectsHasNoBoxLossAndDefinedGradients) {
  DetectionConfig config = small_detection();
  config.box_reference = BoxReference::kLearned;
  const DetectionRun run(config);
  const Question question = run.task.ask(batch_of_samples(run.task, {sample_with_boxes(0, 0)}, true), true);
  const Losses losses = run.task.losses(run.answer(question), question);
  at::Tensor total = at::zeros({}, at::kDouble);
  for (const LossTerm& term : losses.terms) {
    EXPECT_EQ(term.sum.item<double>() == 0, !term.name.ends_with("class")) << term.name;
    total = total + term.sum;
  }
  total.backward();
  for (const auto& [name, parameter] : named_parameters(*run.model)) {
    ASSERT_TRUE(parameter.grad().defined()) << name;
    if (name.starts_with("heads.box")) {
      EXPECT_EQ(parameter.grad().abs().sum().item<double>(), 0) << name;
    }
  }
}

TEST(Detection, DrawsBoxesBesideTheTruth) {
  const DetectionRun run;
  Sample sample = sample_with_boxes(0, 0);
  sample.targets.instances.push_back(object(1, {3, 4, 18, 21}));
  const Question question = run.task.ask(batch_of_samples(run.task, {sample, sample_with_boxes(1, 0)}, false), false);
  const auto rows = run.task.pictures(perfect_answers(question, 4, kClasses), question);
  ASSERT_EQ(rows.size(), 2u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), run.task.picture_titles().size());
    EXPECT_EQ(row[0].height, row[1].height);
  }
  EXPECT_NE(rows[0][0], rows[0][1]) << "scores";
  EXPECT_NE(run.task.pictures(random_answers(2, 4, kClasses), question)[0][0], rows[0][1]);
  const auto enlarged = [](const Image& image) { return resize(image, 256, 256, Filter::kBilinear); };  // names need room
  EXPECT_NE(rows[0][1], enlarged(noise_image(24, 24, 0)));
  EXPECT_EQ(rows[1][1], captioned(enlarged(noise_image(24, 24, 1)), "")) << "beside the line that tells the best";
}

}  // namespace
}  // namespace glid
