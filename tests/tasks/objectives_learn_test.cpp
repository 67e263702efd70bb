// Eight scenes learned by heart by every objective that hides units: below anybody who never learns.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <limits>

#include "glid/data/scenes.h"
#include "glid/eval/answer.h"
#include "support/batches.h"
#include "support/case_losses.h"
#include "support/every_task.h"

namespace glid {
namespace {

constexpr int64_t kScenes = 8, kUpdates = 400;

double loss_of(const SmallRun& run, const Question& question) {
  const at::NoGradGuard no_grad;
  return losses_by_name(*run.task, answer(*run.model, question, Precision::kFp32), question).at("total").at(0);
}

// The smallest loss without learning, each at its best scale where it has one.
double best_blind_loss(const Task& task, const Question& question) {
  double best = std::numeric_limits<double>::infinity();
  for (const Reference& reference : task.references(question)) {
    const at::Tensor &p = reference.prediction, &t = reference.target;
    const double scale = ((p * t).sum() / p.square().sum().clamp_min(1e-12)).item<double>();
    const double sum =
        reference.absolute ? (p - t).abs().sum().item<double>() : (scale * p - t).square().sum().item<double>();
    double count = 0;
    for (const double of_picture : reference.counts) count += of_picture;
    best = std::min(best, sum / count);
  }
  return best;
}

class ObjectivesLearn : public testing::TestWithParam<std::string> {};

TEST_P(ObjectivesLearn, EightScenesByHeart) {
  const Scenes scenes({.count = kScenes, .size_px = 48, .kind = SceneKind::kClasses}, Split::kTrain);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kFloat, make_task(every_task().at(GetParam()), context_of_all()));
  std::vector<NamedPicture> pictures;
  for (int64_t id = 0; id < kScenes; ++id)
    for (PreparedImage& image : run.task->prepare(scenes.get(id), {5, 0, id}, {}, /*training=*/false))
      pictures.push_back({{5, 0, id}, scenes.name(id), std::move(image)});
  const Batch batch = make_batch(std::move(pictures), run.shape.encoder.unit_px(), fresh_bytes);
  const Question question = run.task->ask(batch, /*training=*/false);
  const double blind = best_blind_loss(*run.task, question), before = loss_of(run, question);
  for (int64_t step = 0; step < kUpdates; ++step) train_step(run.learner, {batch}, 3e-3);
  const double after = loss_of(run, question);
  std::cout << GetParam() << ": best blind " << blind << ", at the start " << before << ", at the end " << after << "\n";
  EXPECT_GT(before, blind);
  EXPECT_LT(after, 0.7 * blind);
}

INSTANTIATE_TEST_SUITE_P(Hiding, ObjectivesLearn, testing::Values("masked_image", "simmim", "mae", "mixmae"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace glid
