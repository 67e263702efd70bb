// Four figures learned by heart with the demo's switches.
#include <gtest/gtest.h>

#include <algorithm>

#include "glid/data/scenes.h"
#include "glid/eval/answer.h"
#include "glid/eval/measure.h"
#include "glid/tasks/pose.h"
#include "support/batches.h"
#include "support/small_run.h"

namespace glid {
namespace {

constexpr int64_t kFigures = 4, kSize = 48, kSteps = 300;

PoseConfig demo_config() {
  PoseConfig config{.heatmap_loss = HeatmapLoss::kCrossEntropy, .crop = {{kSize, kSize}}};
  config.dot = {.mask_features = MaskFeatures::kMeanNorm, .dot_scale = 1};
  config.queries = {.query_init = QueryInit::kNormal};
  config.augmentation = {.flip = false, .half_body = 0, .scale = 0, .rotation = 0, .jitter = 0};
  return config;
}

double share_of_correct_joints(const SmallRun& run, const Batch& batch, const Vocabulary& vocabulary) {
  const at::NoGradGuard no_grad;
  const Question question = run.task->ask(batch, /*training=*/false);
  const std::vector<Answer> answers = answer(*run.model, question, Precision::kFp32);
  const std::vector<Prediction> predictions = run.task->predict({batch, question, answers});
  const auto measure = make_measure(KeypointSettings{{}, std::vector<double>(vocabulary.joints.size(), 0.05)}, vocabulary);
  for (size_t i = 0; i < predictions.size(); ++i) {
    const BatchImage& image = batch.images[i];
    measure->add({image.key.id, image.name, predictions[i], *image.truth});
  }
  const std::vector<MetricValue> values = measure->metric().values();
  return std::ranges::find(values, "PCK@0.1", &MetricValue::name)->value.value();
}

TEST(Pose, LearnsFourFiguresByHeart) {
  const Scenes figures({.count = kFigures, .size_px = kSize, .kind = SceneKind::kFigures}, Split::kTrain);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat,
               std::make_unique<Pose>(demo_config(), TaskContext{small_model_shape(), kSize, figures.vocabulary()}));
  std::vector<NamedPicture> pictures;
  for (int64_t id = 0; id < kFigures; ++id)
    for (PreparedImage& image : run.task->prepare(figures.get(id), {5, 0, id}, {}, /*training=*/false))
      pictures.push_back({{5, 0, id}, figures.name(id), std::move(image)});
  const Batch batch = make_batch(std::move(pictures), run.shape.encoder.unit_px(), fresh_bytes);
  EXPECT_LT(share_of_correct_joints(run, batch, figures.vocabulary()), 0.5);
  for (int64_t step = 0; step < kSteps; ++step) train_step(run.learner, {batch}, 3e-3);
  EXPECT_GE(share_of_correct_joints(run, batch, figures.vocabulary()), 0.95);
}

}  // namespace
}  // namespace glid
