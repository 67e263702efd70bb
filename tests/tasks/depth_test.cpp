#include "glid/tasks/depth.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "glid/core/error.h"
#include "support/plans.h"
#include "support/small_run.h"
#include "support/task_batches.h"

namespace glid {
namespace {

constexpr int64_t kUnit = 8, kBins = 5;

TaskContext context() { return {small_model_shape(), 24, {.has_depth = true}}; }

// Metres that follow the red channel, so that geometry can be checked pixel by pixel.
Sample sample_with_depth(int64_t id, int64_t height, int64_t width) {
  Sample sample{id, "sample " + std::to_string(id), noise_image(height, width, id), {}};
  for (size_t i = 0; i < sample.image.pixels.size(); i += 3)
    sample.targets.depth.push_back(static_cast<float>(sample.image.pixels[i] + 1) / 100);
  return sample;
}

TEST(Depth, NeedsDataThatHasIt) {
  EXPECT_NO_THROW(Depth({}, context()));
  EXPECT_THROW(Depth({}, {small_model_shape(), 24, {}}), UsageError);
}

TEST(BinCentres, AreThoseOfEquation5) {
  const at::Tensor lengths = at::tensor({0.0, std::log(2.0), std::log(3.0)}, at::kDouble);  // shares 1/6, 2/6, 3/6
  const at::Tensor centres = bin_centres(lengths, 1, 7, BinNorm::kSoftmax);
  EXPECT_LT((centres - at::tensor({1.5, 3.0, 5.5}, at::kDouble)).abs().max().item<double>(), 1e-12);
  const at::Tensor linear = bin_centres(at::tensor({0.9, -3.0, 0.9}, at::kDouble), 0, 2.1, BinNorm::kLinear);  // 1, .1, 1
  EXPECT_LT((linear - at::tensor({0.5, 1.05, 1.6}, at::kDouble)).abs().max().item<double>(), 1e-12);
}

// Straight from the formula, pixel by pixel.
double si_loss(const std::vector<double>& predicted, const std::vector<double>& truth) {
  std::vector<double> g;
  for (size_t i = 0; i < truth.size(); ++i)
    if (truth[i] > 0) g.push_back(std::log(predicted[i] + 1e-3) - std::log(truth[i] + 1e-3));
  if (g.empty()) return 0;
  double mean = 0, variance = 0;
  for (const double x : g) mean += x / static_cast<double>(g.size());
  for (const double x : g) variance += (x - mean) * (x - mean) / std::max(1.0, static_cast<double>(g.size()) - 1);
  return 10 * std::sqrt(variance + 0.15 * mean * mean + 1e-8);
}

TEST(ScaleInvariantLosses, EqualTheFormulaAndHaveGradients) {
  const std::vector<std::vector<double>> predicted{{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}};
  const std::vector<std::vector<double>> truth{{2, 2, 5, 1}, {0, 0, 2, 0}, {0, 0, 0, 0}, {1, 2, 3, 4}};
  std::vector<at::Tensor> p, t;
  for (size_t i = 0; i < truth.size(); ++i)
    p.push_back(at::tensor(predicted[i], at::kDouble)), t.push_back(at::tensor(truth[i], at::kDouble));
  const at::Tensor maps = at::stack(p).requires_grad_();
  const at::Tensor losses = scale_invariant_losses(maps, at::stack(t));
  for (size_t i = 0; i < truth.size(); ++i)
    EXPECT_NEAR(losses[static_cast<int64_t>(i)].item<double>(), si_loss(predicted[i], truth[i]), 1e-12) << i;
  losses.sum().backward();
  EXPECT_TRUE(at::isfinite(maps.grad()).all().item<bool>());
  EXPECT_EQ(maps.grad()[2].abs().sum().item<double>(), 0);
}

TEST(Depth, MovesPixelsAndMetresTogether) {
  DepthConfig config;
  config.frame = {{2, 4, 40, 50}};
  config.crop = {{24, 32}};
  const Depth task(config, context());
  const Sample sample = sample_with_depth(3, 48, 56);
  bool mirrored = false, straight = false;
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    const PreparedImage image = task.prepare(sample, {1, epoch, 3}, {}, /*training=*/true).at(0);
    (image.placement.is_mirrored() ? mirrored : straight) = true;
    ASSERT_EQ(image.image.height, 24);
    ASSERT_EQ(image.image.width, 32);
    const auto& depth = std::get<std::vector<float>>(image.arrays.at("depth").values);
    for (size_t i = 0; i < depth.size(); ++i)
      ASSERT_EQ(depth[i], static_cast<float>(image.image.pixels[3 * i] + 1) / 100) << i;
    EXPECT_EQ(task.prepare(sample, {1, epoch, 3}, {7, 7}, true).at(0).image, image.image);  // of the key alone
  }
  EXPECT_TRUE(mirrored && straight);
}

TEST(Depth, RefusesWhatItCantUse) {
  DepthConfig config;
  config.crop = {{64, 32}};
  const Depth task(config, context());
  EXPECT_THROW(task.prepare(sample_with_depth(1, 48, 56), {1, 0, 1}, {}, true), UsageError);  // no bad file: all would be
  Sample without = sample_with_depth(1, 64, 64);
  without.targets.depth.clear();
  EXPECT_THROW(task.prepare(without, {1, 0, 1}, {}, true), DataError);
}

struct DepthRun {
  explicit DepthRun(const DepthConfig& config = {.bins = kBins, .auxiliary = {{{{1, 0.25}}}}, .crop = {{24, 24}}})
      : task(config, context()), model(std::make_shared<Glid>(small_model_shape(), task.spec())) {
    initialise_randomly(*model);
    model->to(at::kDouble);
  }
  std::vector<Answer> answer(const Question& question) const {
    return model->forward(question.units.to(at::kDouble), question.view, question.queries);
  }

  Depth task;
  std::shared_ptr<Glid> model;
};

TEST(Depth, PicturesOfAnySizesAnswerAsTheyDoAlone) {
  const DepthRun run;
  const std::vector<Sample> samples{sample_with_depth(0, 24, 32), sample_with_depth(1, 20, 41),
                                    sample_with_depth(2, 24, 32)};
  const Question together = run.task.ask(batch_of_samples(run.task, samples, false), /*training=*/false);
  const std::vector<Answer> answers = run.answer(together);
  const Losses losses = run.task.losses(answers, together);
  ASSERT_EQ(losses.terms.size(), 2u);
  EXPECT_EQ(losses.terms[0].layer, 1);
  EXPECT_EQ(losses.terms[0].weight, 0.25);
  const std::vector<at::Tensor> maps = run.task.maps(answers[0], together.view.plan, 1);
  for (size_t i = 0; i < samples.size(); ++i) {
    const Question own = run.task.ask(batch_of_samples(run.task, {samples[i]}, false), /*training=*/false);
    const std::vector<Answer> own_answers = run.answer(own);
    const at::Tensor map = run.task.maps(own_answers[0], own.view.plan, 1)[0];
    EXPECT_EQ(map.size(1), samples[i].image.height);
    EXPECT_EQ(map.size(2), samples[i].image.width);
    EXPECT_LT((maps[i][0] - map[0]).abs().max().item<double>(), 1e-9) << i;
    const Losses own_losses = run.task.losses(own_answers, own);
    for (size_t t = 0; t < losses.terms.size(); ++t)
      EXPECT_NEAR(losses.terms[t].by_image[static_cast<int64_t>(i)].item<double>(), own_losses.terms[t].sum.item<double>(),
                  1e-9);
  }
}

TEST(Depth, CountsMapsWithAMeasuredPixel) {
  const DepthRun run;
  Sample dark = sample_with_depth(1, 24, 24);
  std::ranges::fill(dark.targets.depth, 0.0F);
  const Batch batch = batch_of_samples(run.task, {sample_with_depth(0, 24, 24), dark}, true);
  EXPECT_EQ(run.task.counts(batch).at("maps"), (std::vector<double>{1, 0}));
  const Question question = run.task.ask(batch, /*training=*/false);
  const Losses losses = run.task.losses(run.answer(question), question);
  EXPECT_GT(losses.terms[1].by_image[0].item<double>(), 0);
  EXPECT_EQ(losses.terms[1].by_image[1].item<double>(), 0);

  const DepthRun pooled({.bins = kBins, .si_pool = SiPool::kMicroBatch, .crop = {{24, 24}}});
  EXPECT_EQ(pooled.task.counts(batch).at("maps"), (std::vector<double>{1, 0}));
  EXPECT_EQ(pooled.task.losses(pooled.answer(question), question).terms[0].by_image.size(0), 2);
}

// A mirrored view is turned back and averaged with the straight one, at the original's size.
TEST(Depth, ViewsOfASampleAreAveraged) {
  const DepthRun run;
  const Sample sample = sample_with_depth(4, 24, 32);
  const Depth flipping({.bins = kBins, .crop = {{24, 24}}}, {small_model_shape(), 24, {.has_depth = true}, Tta::kFlip});
  std::vector<NamedPicture> pictures;
  for (PreparedImage& view : flipping.prepare(sample, {5, 0, 4}, {}, /*training=*/false))
    pictures.push_back({{5, 0, 4}, sample.name, std::move(view)});
  ASSERT_EQ(pictures.size(), 2u);
  for (int64_t x = 0; x < 32; ++x)
    ASSERT_EQ(pictures[0].prepared.image.pixels[static_cast<size_t>(3 * x)],
              pictures[1].prepared.image.pixels[static_cast<size_t>(3 * (31 - x))]);
  const Batch batch = make_batch(std::move(pictures), kUnit, fresh_bytes);
  const Question question = run.task.ask(batch, /*training=*/false);
  const std::vector<Answer> answers = run.answer(question);
  const at::Tensor maps = at::cat(run.task.maps(answers[0], question.view.plan, 1));
  const at::Tensor mean = ((maps[0] + maps[1].flip(1)) / 2).contiguous();
  const std::vector<Prediction> predictions = run.task.predict({batch, question, answers});
  ASSERT_EQ(predictions.size(), 1u);
  EXPECT_EQ(predictions[0].height, 24);
  EXPECT_EQ(predictions[0].width, 32);
  for (int64_t i = 0; i < mean.numel(); ++i)
    ASSERT_NEAR(predictions[0].depth[static_cast<size_t>(i)], mean.const_data_ptr<double>()[i], 1e-12) << i;
}

}  // namespace
}  // namespace glid
