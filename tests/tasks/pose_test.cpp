#include "glid/tasks/pose.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "glid/core/error.h"
#include "glid/eval/measure.h"
#include "support/batches.h"
#include "support/plans.h"
#include "support/small_run.h"

namespace glid {
namespace {

constexpr int64_t kUnit = 8, kHeight = 32, kWidth = 24;
const std::vector<std::string> kJoints{"nose", "left_hand", "right_hand", "left_ankle"};

TaskContext context() {
  TaskContext context{small_model_shape(), 24, {}};
  context.vocabulary.joints = kJoints;
  return context;
}

PoseConfig config(HeatmapLoss loss = HeatmapLoss::kSmoothL1) { return {.heatmap_loss = loss, .crop = {{kHeight, kWidth}}}; }

// One person on noise, every joint a white square of 3 x 3 pixels; every fourth person's last joint is not labelled.
Sample person_sample(int64_t id) {
  Sample sample{id, "person " + std::to_string(id), noise_image(60, 70, id), {}};
  for (uint8_t& value : sample.image.pixels) value /= 4;
  Rng rng(9, 0, static_cast<uint64_t>(id), RandomOp::kExample);
  Instance person{.box = {15, 10, 50, 52}, .area = 900};
  for (size_t i = 0; i < kJoints.size(); ++i) {
    const auto x = 18 + static_cast<int64_t>(rng.below(28)), y = 13 + static_cast<int64_t>(rng.below(35));
    for (int64_t row = y - 1; row <= y + 1; ++row) std::fill_n(sample.image.row(row) + 3 * (x - 1), 9, uint8_t{255});
    person.keypoints.push_back({static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5, Visibility::kVisible});
  }
  if (id % 4 == 3) person.keypoints.back().visibility = Visibility::kUnlabelled;
  sample.targets.instances = {std::move(person)};
  return sample;
}

std::vector<Sample> samples(int64_t count) {
  std::vector<Sample> samples;
  for (int64_t id = 0; id < count; ++id) samples.push_back(person_sample(id));
  return samples;
}

Batch batch_of_samples(const Pose& task, const std::vector<Sample>& samples, bool training) {
  std::vector<NamedPicture> pictures;
  for (const Sample& sample : samples)
    for (PreparedImage& image : task.prepare(sample, {5, 0, sample.id}, {0, sample.id}, training))
      pictures.push_back({{5, 0, sample.id}, sample.name, std::move(image)});
  return make_batch(std::move(pictures), kUnit, fresh_bytes);
}

double smooth_l1(double d, double beta) { return std::abs(d) < beta ? d * d / 2 / beta : std::abs(d) - beta / 2; }

TEST(HeatmapLosses, EqualTheFormulas) {
  at::manual_seed(1);
  const at::Tensor p = at::randn({3, 2, 4, 5}, at::kDouble), t = at::rand({3, 2, 4, 5}, at::kDouble);
  const at::Tensor w = at::tensor({1.0, 1.0, 0.0, 1.0, 0.0, 0.0}, at::kDouble).view({3, 2});
  for (int64_t b = 0; b < 3; ++b) {
    double l1 = 0, squares = 0, entropy = 0;
    for (int64_t k = 0; k < 2; ++k) {
      if (w[b][k].item<double>() == 0) continue;
      const at::Tensor logits = p[b][k].flatten(), shares = t[b][k].flatten() / t[b][k].sum();
      double sum = 0;
      for (int64_t i = 0; i < 20; ++i) sum += std::exp(logits[i].item<double>());
      for (int64_t i = 0; i < 20; ++i) {
        const double d = logits[i].item<double>() - t[b][k].flatten()[i].item<double>();
        l1 += smooth_l1(d, 0.5) / 40;
        squares += d * d / 40;
        entropy -= shares[i].item<double>() * (logits[i].item<double>() - std::log(sum));
      }
    }
    EXPECT_NEAR(heatmap_losses(p, t, w, HeatmapLoss::kSmoothL1, 0.5)[b].item<double>(), l1, 1e-12);
    EXPECT_NEAR(heatmap_losses(p, t, w, HeatmapLoss::kMse, 1)[b].item<double>(), squares, 1e-12);
    EXPECT_NEAR(heatmap_losses(p, t, w, HeatmapLoss::kCrossEntropy, 1)[b].item<double>(), entropy, 1e-12);
  }
}

// Where the picture is brightest around a joint's place, on the mirrored side too.
TEST(Pose, MovesPixelsAndJointsTogether) {
  PoseConfig geometry = config();
  geometry.crop = {{128, 96}};
  const Pose task(geometry, context());
  bool mirrored = false, straight = false;
  for (int64_t epoch = 0; epoch < 12; ++epoch) {
    const PreparedImage image = task.prepare(person_sample(2), {1, epoch, 2}, {}, /*training=*/true).at(0);
    (image.placement.is_mirrored() ? mirrored : straight) = true;
    ASSERT_EQ(image.image.height, 128);
    ASSERT_EQ(image.image.width, 96);
    for (const Keypoint& joint : image.targets.instances.at(0).keypoints) {
      if (joint.x < 1 || joint.y < 1 || joint.x > 95 || joint.y > 127) continue;
      EXPECT_EQ(image.image.row(static_cast<int64_t>(joint.y))[3 * static_cast<int64_t>(joint.x)], 255);
    }
    EXPECT_EQ(task.prepare(person_sample(2), {1, epoch, 2}, {7, 7}, true).at(0).image, image.image);  // of the key alone
  }
  EXPECT_TRUE(mirrored && straight);
}

TEST(Pose, SwapsSidesOfMirroredPersons) {
  const Pose task(config(), context());
  for (int64_t epoch = 0; epoch < 12; ++epoch) {
    const PreparedImage image = task.prepare(person_sample(2), {1, epoch, 2}, {}, /*training=*/true).at(0);
    const Keypoint& hand = person_sample(2).targets.instances[0].keypoints[image.placement.is_mirrored() ? 2 : 1];
    EXPECT_NEAR(apply(image.placement.to_picture(), PointXy{hand.x, hand.y}).x, image.targets.instances[0].keypoints[1].x,
                1e-9);
  }
}

TEST(Pose, RefusesWhatItCantUse) {
  TaskContext without = context();
  without.vocabulary.joints.clear();
  EXPECT_THROW(Pose(config(), without), UsageError);
  PoseConfig odd = config();
  odd.crop = {{kHeight, 20}};
  EXPECT_THROW(Pose(odd, context()), UsageError);
  const Pose task(config(), context());
  Sample sample = person_sample(1);
  sample.targets.instances[0].keypoints.pop_back();
  EXPECT_THROW(task.prepare(sample, {1, 0, 1}, {}, true), DataError);
}

// A box of which nobody knows whom it is about has no loss, and is predicted.
TEST(Pose, CountsWhatHasTargets) {
  std::vector<Sample> persons = samples(4);
  persons[1].targets.person = Person{.image = 1, .box = {15, 10, 50, 52}, .score = 0.5};
  const Pose task(config(), context()), places(config(HeatmapLoss::kCrossEntropy), context());
  const Batch batch = batch_of_samples(task, persons, false);
  EXPECT_EQ(task.counts(batch).at("persons"), (std::vector<double>{1, 0, 1, 1}));
  EXPECT_EQ(places.counts(batch).at("joints"), (std::vector<double>{4, 0, 4, 3}));
}

struct PoseRun {
  explicit PoseRun(const PoseConfig& config)
      : task(config, context()), model(std::make_shared<Glid>(small_model_shape(), task.spec())) {
    initialise_randomly(*model);
    model->to(at::kDouble);
  }
  std::vector<Answer> answer(const Question& question) const {
    return model->forward(question.units.to(at::kDouble), question.view, question.queries);
  }

  Pose task;
  std::shared_ptr<Glid> model;
};

class PoseLosses : public testing::TestWithParam<HeatmapLoss> {};

TEST_P(PoseLosses, OfABatchAreThoseOfItsPersonsAlone) {
  PoseConfig deep = config(GetParam());
  deep.auxiliary = {{{{1, 0.25}}}};
  deep.loss_scale = 10;
  const PoseRun run(deep);
  const Question together = run.task.ask(batch_of_samples(run.task, samples(4), false), /*training=*/false);
  const Losses losses = run.task.losses(run.answer(together), together);
  ASSERT_EQ(losses.terms.size(), 2u);
  EXPECT_EQ(losses.terms[0].layer, 1);
  EXPECT_EQ(losses.terms[0].weight, 2.5);
  EXPECT_EQ(losses.terms[1].weight, 10);
  for (int64_t i = 0; i < 4; ++i) {
    const Question own = run.task.ask(batch_of_samples(run.task, {person_sample(i)}, false), /*training=*/false);
    const Losses own_losses = run.task.losses(run.answer(own), own);
    for (size_t t = 0; t < losses.terms.size(); ++t)
      EXPECT_NEAR(losses.terms[t].by_image[i].item<double>(), own_losses.terms[t].sum.item<double>(), 1e-9);
  }
}

std::vector<at::Tensor> gradients_of(HeatmapLoss loss, const std::vector<std::pair<int64_t, int64_t>>& parts) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  auto task = std::make_unique<Pose>(config(loss), context());
  const Pose& pose = *task;
  SmallRun run(*alone, at::kDouble, std::move(task));
  std::vector<Batch> batches;
  for (const auto& [first, count] : parts) {
    const std::vector<Sample> all = samples(first + count);
    batches.push_back(batch_of_samples(pose, {all.begin() + first, all.end()}, true));
  }
  run.accumulate(batches);
  std::vector<at::Tensor> copies;
  for (const at::Tensor& gradient : run.gradients.gradients()) copies.push_back(gradient.clone());
  return copies;
}

TEST_P(PoseLosses, OfMicroBatchesHaveTheGradientsOfOneBatch) {
  EXPECT_LT(largest_difference(gradients_of(GetParam(), {{0, 1}, {1, 5}}), gradients_of(GetParam(), {{0, 6}})), 1e-10);
}

// An answer made by hand: channel k of f^b is the heatmap of joint k.
Answer answer_of(const at::Tensor& heatmaps) {
  const int64_t persons = heatmaps.size(0), joints = heatmaps.size(1), height = heatmaps.size(2), width = heatmaps.size(3);
  Answer answer;
  answer.features.cells = heatmaps.flatten(2).transpose(1, 2).reshape({-1, joints}).to(at::kDouble);
  for (int64_t i = 0; i < persons; ++i) answer.features.images.push_back({i * height * width, height, width});
  answer.heads["embedding"] = at::eye(joints, at::kDouble).expand({1, persons, joints, joints}).contiguous();
  return answer;
}

at::Tensor true_heatmaps(const Batch& batch) {
  return batch.arrays.at("heatmaps").values.view({batch.size(), 4, kHeight, kWidth}).to(at::kDouble);
}

PoseConfig literal(HeatmapLoss loss) {
  PoseConfig literal = config(loss);
  literal.dot.dot_scale = 1;
  return literal;
}

TEST_P(PoseLosses, AreLowerForPerfectAnswers) {
  at::manual_seed(2);
  const Pose task(literal(GetParam()), context());
  const Question question = task.ask(batch_of_samples(task, samples(3), true), /*training=*/true);
  const at::Tensor truth = true_heatmaps(question.batch);
  const at::Tensor perfect = GetParam() == HeatmapLoss::kCrossEntropy ? truth.clamp_min(1e-9).log() : truth;
  const std::vector<Answer> right{answer_of(perfect)}, wrong{answer_of(at::randn_like(truth))};
  EXPECT_LT(task.losses(right, question).terms[0].sum.item<double>(),
            0.7 * task.losses(wrong, question).terms[0].sum.item<double>());
}

TEST_P(PoseLosses, HaveIdealMetricsForIdealAnswers) {
  const Pose task(literal(GetParam()), context());
  std::vector<Sample> persons = samples(4);
  const Batch batch = batch_of_samples(task, persons, false);
  const Question question = task.ask(batch, /*training=*/false);
  at::Tensor ideal = true_heatmaps(batch);
  if (GetParam() == HeatmapLoss::kCrossEntropy) ideal = ideal.clamp_min(1e-9).log();
  const std::vector<Answer> answers{answer_of(ideal)};
  const auto measure = make_measure(KeypointSettings{{}, std::vector<double>(4, 0.05)}, context().vocabulary);
  const std::vector<Prediction> predictions = task.predict({batch, question, answers});
  for (size_t i = 0; i < persons.size(); ++i) {
    const BatchImage& image = batch.images[i];
    measure->add({image.key.id, image.name, predictions[i], *image.truth});
    const auto& truth = persons[i].targets.instances[0].keypoints;
    for (size_t k = 0; k < truth.size(); ++k) {
      if (truth[k].visibility == Visibility::kUnlabelled) continue;
      EXPECT_NEAR(predictions[i].detections.at(0).keypoints[k].x, truth[k].x, 0.25);  // smoothing bends at the border
      EXPECT_NEAR(predictions[i].detections.at(0).keypoints[k].y, truth[k].y, 0.25);
    }
  }
  for (const MetricValue& value : measure->metric().values()) EXPECT_NEAR(value.value.value_or(1), 1, 1e-9) << value.name;
}

INSTANTIATE_TEST_SUITE_P(Kinds, PoseLosses,
                         testing::Values(HeatmapLoss::kSmoothL1, HeatmapLoss::kMse, HeatmapLoss::kCrossEntropy),
                         [](const auto& info) { return std::string(config::name_of(info.param)); });

// The mirrored view's maps are mirrored back, sides swapped, and averaged with the straight one's.
TEST(Pose, AveragesTheMirroredView) {
  at::manual_seed(3);
  const Pose task(literal(HeatmapLoss::kSmoothL1), context());
  const Sample sample = person_sample(2);
  std::vector<NamedPicture> pictures;
  for (const bool mirrored : {false, true}) {
    PreparedImage image = task.prepare(sample, {5, 0, 2}, {}, false).at(0);
    if (mirrored) {
      image.placement.flip();
      image.image = place_image(sample.image, image.placement, Filter::kBilinear);
    }
    pictures.push_back({{5, 0, 2}, sample.name, std::move(image)});
  }
  const Batch batch = make_batch(std::move(pictures), kUnit, fresh_bytes);
  const Question question = task.ask(batch, /*training=*/false);
  const at::Tensor maps = at::rand({2, 4, kHeight, kWidth}, at::kDouble);
  const std::vector<Answer> views{answer_of(maps)};
  const std::vector<Prediction> averaged = task.predict({batch, question, views});
  ASSERT_EQ(averaged.size(), 1u);

  const at::Tensor turned = at::stack({maps[1][0].flip(1), maps[1][2].flip(1), maps[1][1].flip(1), maps[1][3].flip(1)});
  const Batch one = batch_of_samples(task, {sample}, false);
  const Question alone = task.ask(one, /*training=*/false);
  const std::vector<Answer> mean{answer_of(((maps[0] + turned) / 2).unsqueeze(0))};
  const Prediction by_hand = task.predict({one, alone, mean}).at(0);
  const Detection &a = averaged[0].detections.at(0), &b = by_hand.detections.at(0);
  EXPECT_NEAR(a.score, b.score, 1e-12);
  EXPECT_EQ(a.box, b.box);
  for (size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(a.keypoints[k].x, b.keypoints[k].x, 1e-9);
    EXPECT_NEAR(a.keypoints[k].y, b.keypoints[k].y, 1e-9);
  }
}

TEST(Pose, PredictsNothingWithoutABox) {
  const Pose task(literal(HeatmapLoss::kSmoothL1), context());
  Sample sample = person_sample(2);
  sample.targets.person = Person{.image = 7};
  const Batch batch = batch_of_samples(task, {sample}, false);
  const Question question = task.ask(batch, /*training=*/false);
  const std::vector<Answer> answers{answer_of(true_heatmaps(batch))};
  const std::vector<Prediction> predictions = task.predict({batch, question, answers});
  ASSERT_EQ(predictions.size(), 1u);
  EXPECT_TRUE(predictions[0].detections.empty());
  EXPECT_EQ(task.pictures(answers, question).at(0).size(), task.picture_titles().size());
}

}  // namespace
}  // namespace glid
