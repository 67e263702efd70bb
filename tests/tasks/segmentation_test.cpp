// What semantic, instance and panoptic segmentation share, and what each makes of a sample.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "glid/core/error.h"
#include "glid/tasks/instance.h"
#include "glid/tasks/panoptic.h"
#include "glid/tasks/semantic.h"
#include "support/masked_samples.h"
#include "support/plans.h"

namespace glid {
namespace {

MaskSetConfig small_set(int64_t queries) {
  return {.num_queries = queries, .queries = {.query_init = QueryInit::kNormal}, .points = {.points = 64}};
}

std::unique_ptr<Task> make_small(const std::string& name, int64_t queries = 6) {
  if (name == "semantic") return std::make_unique<Semantic>(SemanticConfig{small_set(queries)}, masked_context());
  if (name == "instance") return std::make_unique<InstanceMasks>(InstanceMasksConfig{small_set(queries)}, masked_context());
  return std::make_unique<PanopticMasks>(PanopticMasksConfig{small_set(queries)}, masked_context());
}

struct MaskRun {
  explicit MaskRun(const std::string& name, int64_t queries = 6)
      : task(make_small(name, queries)), model(std::make_shared<Glid>(small_model_shape(), task->spec())) {
    initialise_randomly(*model);
    model->to(at::kDouble);
  }
  Question ask(const std::vector<Sample>& samples, bool training = true) const {
    return task->ask(batch_of_samples(*task, samples, training), training);
  }
  std::vector<Answer> answer(const Question& question) const {
    return model->forward(question.units.to(at::kDouble), question.view, question.queries);
  }
  Losses losses(const Question& question) const { return task->losses(answer(question), question); }

  std::unique_ptr<Task> task;
  std::shared_ptr<Glid> model;
};

const std::vector<int64_t>& labels_of(const PreparedImage& image) {
  return std::get<std::vector<int64_t>>(image.arrays.at("labels").values);
}

class EverySegmentation : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Tasks, EverySegmentation, testing::Values("semantic", "instance", "panoptic"),
                         [](const auto& info) { return info.param; });

TEST_P(EverySegmentation, PointsAreOfTheKeyAndTravelWithTheMasks) {
  const std::unique_ptr<Task> task = make_small(GetParam());
  const Sample sample = sample_with_masks(3, 3, 48, 40);
  bool mirrored = false, straight = false;
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    const PreparedImage image = task->prepare(sample, {1, epoch, 3}, {}, true).at(0);
    (image.placement.is_mirrored() ? mirrored : straight) = true;
    const PreparedImage again = task->prepare(sample, {1, epoch, 3}, {7, 9}, true).at(0);
    EXPECT_EQ(image.image, again.image);
    for (const char* name : {"points", "mask_points", "labels"})
      EXPECT_EQ(image.arrays.at(name).values, again.arrays.at(name).values) << name;
    const int64_t drawn = image.arrays.at("points").shape[1];
    EXPECT_EQ(drawn, 64 + 192 + 16);
    EXPECT_EQ(image.arrays.at("mask_points").shape, (std::vector<int64_t>{std::ssize(labels_of(image)), drawn}));
  }
  EXPECT_TRUE(mirrored && straight);
}

TEST(Segmentation, PicturesAreScaledCutAndColoured) {
  SemanticConfig config{small_set(6)};
  config.set.pictures = {.sizes = {32}, .max_size = 64, .crop = {{24, 40}}, .flip = false};
  const Semantic plain(config, masked_context());
  config.set.pictures.colour = true;
  const Semantic coloured(config, masked_context());
  const Sample sample = sample_with_masks(3, 3, 48, 60);
  int changed = 0;
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    const PreparedImage image = plain.prepare(sample, {1, epoch, 3}, {}, true).at(0);
    const PreparedImage other = coloured.prepare(sample, {1, epoch, 3}, {}, true).at(0);
    EXPECT_EQ(std::pair(image.image.height, image.image.width), std::pair(int64_t{24}, int64_t{40}));
    EXPECT_EQ(image.placement, other.placement);
    EXPECT_EQ(image.arrays.at("mask_points").values, other.arrays.at("mask_points").values);
    changed += image.image != other.image;
  }
  EXPECT_GE(changed, 5);
  const PreparedImage whole = coloured.prepare(sample, {1, 0, 3}, {}, false).at(0);  // 24 the shorter side
  EXPECT_EQ(whole.image, place_image(sample.image, Placement(48, 60).resize(24, 30), Filter::kBilinear));
}

TEST(Segmentation, HasAMaskForWhatTheTaskIsAbout) {
  Sample sample = sample_with_masks(0, 3);  // a red, a green and a blue one
  sample.targets.instances.push_back(sample.targets.instances[0]);
  sample.targets.instances.back().is_crowd = true;
  for (size_t i = 0; i < 24; ++i) sample.targets.semantic[i] = kIgnoreLabel;
  sample.targets.panoptic.segments[0].is_crowd = true;
  const auto labels = [&](const char* name) {
    return labels_of(make_small(name)->prepare(sample, {1, 0, 0}, {}, false).at(0));
  };
  EXPECT_THAT(labels("semantic"), testing::ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(labels("instance"), testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(labels("panoptic"), testing::UnorderedElementsAre(0, 2, 3));
  const PreparedImage image = make_small("instance")->prepare(sample, {1, 0, 0}, {}, false).at(0);
  EXPECT_EQ(image.truth->instances.size(), 4u);  // a crowd's too
  EXPECT_TRUE(image.truth->semantic.empty());
}

TEST(Segmentation, NeedsDataThatHasIt) {
  for (const char* name : {"semantic", "instance", "panoptic"}) {
    Sample bare = sample_with_masks(1, 2);
    bare.targets.semantic.clear();
    bare.targets.panoptic = {};
    bare.targets.instances[0].mask = {};
    EXPECT_THROW(make_small(name)->prepare(bare, {1, 0, 1}, {}, true), DataError) << name;
  }
  const TaskContext nothing{small_model_shape(), 24, {}};
  EXPECT_THROW(Semantic({}, nothing), UsageError);
  EXPECT_THROW(InstanceMasks({}, nothing), UsageError);
  EXPECT_THROW(PanopticMasks({}, nothing), UsageError);
}

TEST(InstanceMasks, TrainOnImagesWithAnObject) {
  const auto wanted = make_small("instance")->filter();
  Targets targets = sample_with_masks(0, 1).targets;
  EXPECT_TRUE(wanted(targets));
  targets.instances[0].is_crowd = true;
  EXPECT_FALSE(wanted(targets));
  EXPECT_FALSE(wanted(Targets{}));
  EXPECT_FALSE(make_small("semantic")->filter());
}

TEST_P(EverySegmentation, PicturesOfAnySizesCountAsTheyDoAlone) {
  const MaskRun run(GetParam(), 3);
  const std::vector<Sample> samples{sample_with_masks(0, 2), sample_with_masks(1, 6), sample_with_masks(2, 0)};
  const Question together = run.ask(samples);
  const Losses all = run.losses(together);
  const LossCounts counts = run.task->counts(together.batch);
  ASSERT_EQ(all.terms.size(), 9u);  // three of each layer
  EXPECT_EQ(all.terms[0].layer, 1);
  EXPECT_EQ(all.terms[2].layer, 0);
  for (size_t i = 0; i < samples.size(); ++i) {
    const Question own = run.ask({samples[i]});
    const Losses alone = run.losses(own);
    for (size_t t = 0; t < all.terms.size(); ++t)
      EXPECT_NEAR(all.terms[t].by_image[static_cast<int64_t>(i)].item<double>(), alone.terms[t].sum.item<double>(), 1e-9)
          << all.terms[t].name << " of " << i;
    for (const auto& [name, of_pictures] : run.task->counts(own.batch)) EXPECT_EQ(of_pictures[0], counts.at(name)[i]);
  }
  EXPECT_EQ(counts.at("masks")[2], GetParam() == "instance" ? 0 : 1);
  if (GetParam() == "instance") {
    EXPECT_NEAR(counts.at("class_weights")[2], 0.3, 1e-12);
  }
}

// Answers that are right in every respect: f^b has a channel for each mask, and a query for each.
std::vector<Answer> perfect_answers(const Question& question, const std::vector<std::vector<MaskTarget>>& masks,
                                    int64_t queries, int64_t classes) {
  const int64_t layers = 3, pictures = question.batch.size(), width = 16;
  Answer answer;
  answer.heads["class"] = at::full({layers, pictures, queries, classes + 1}, -10.0, at::kDouble);
  answer.heads["class"].select(-1, classes).fill_(10);
  answer.heads["embedding"] = -at::ones({layers, pictures, queries, width}, at::kDouble);
  std::vector<at::Tensor> cells;
  for (int64_t b = 0; b < pictures; ++b) {
    const at::Tensor map = at::full({24, 24, width}, -1.0, at::kDouble);
    const auto& own = masks[static_cast<size_t>(b)];
    for (int64_t n = 0; n < std::ssize(own); ++n) {
      const MaskTarget& target = own[static_cast<size_t>(n)];
      for (int64_t i = 0; i < 24 * 24; ++i) map.view({-1, width})[i][n] = target.mask[static_cast<size_t>(i)] ? 1 : -1;
      answer.heads["embedding"].select(1, b).select(1, n).fill_(0).select(-1, n).fill_(15);
      answer.heads["class"].select(1, b).select(1, n).fill_(-10).select(-1, target.label).fill_(10);
    }
    cells.push_back(map.view({-1, width}));
    answer.features.images.push_back({b * 24 * 24, 24, 24});
  }
  answer.features.cells = at::cat(cells);
  return {answer};
}

std::vector<MaskTarget> masks_of(const std::string& name, const Targets& targets) {
  std::vector<MaskTarget> masks;
  if (name == "instance")
    for (const Instance& instance : targets.instances) masks.push_back({instance.category, mask_from_rle(instance.mask)});
  if (name == "semantic")
    for (const uint16_t label : std::set(targets.semantic.begin(), targets.semantic.end())) {
      masks.push_back({label, {}});
      for (const uint16_t pixel : targets.semantic) masks.back().mask.push_back(pixel == label);
    }
  if (name == "panoptic")
    for (const SegmentInfo& segment : targets.panoptic.segments) {
      masks.push_back({segment.category, {}});
      for (const uint32_t pixel : targets.panoptic.ids) masks.back().mask.push_back(pixel == segment.id);
    }
  return masks;
}

double total_of(const Task& task, const Question& question, const std::vector<Answer>& answers) {
  double total = 0;
  const LossCounts counts = task.counts(question.batch);
  for (const LossTerm& term : task.losses(answers, question).terms) {
    const std::vector<double>& of_pictures = counts.at(term.count);
    total += term.weight * term.sum.item<double>() / std::accumulate(of_pictures.begin(), of_pictures.end(), 0.0);
  }
  return total;
}

double part_that_differs(const Image& a, const Image& b) {
  if (a.pixels.size() != b.pixels.size()) return 1;
  double count = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) count += a.pixels[i] != b.pixels[i] ? 1 : 0;
  return count / static_cast<double>(a.pixels.size());
}

TEST_P(EverySegmentation, RightAnswersAreReadBackAndCostLittle) {
  const MaskRun run(GetParam(), 8);
  const std::vector<Sample> samples{sample_with_masks(0, 2), sample_with_masks(1, 4), sample_with_masks(2, 0)};
  const Batch batch = batch_of_samples(*run.task, samples, /*training=*/false);
  const Question question = run.task->ask(batch, false);
  std::vector<std::vector<MaskTarget>> masks;
  for (const Sample& sample : samples) masks.push_back(masks_of(GetParam(), sample.targets));
  const int64_t classes = GetParam() == "instance" ? 3 : 4;
  const std::vector<Answer> answers = perfect_answers(question, masks, 8, classes);
  EXPECT_LT(total_of(*run.task, question, answers), 0.5 * total_of(*run.task, question, run.answer(question)));
  const std::vector<Prediction> predictions = run.task->predict({batch, question, answers});
  ASSERT_EQ(predictions.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    const Targets& truth = samples[i].targets;
    if (GetParam() == "semantic") {
      EXPECT_EQ(predictions[i].semantic, truth.semantic);
    }
    if (GetParam() == "panoptic") {
      EXPECT_EQ(predictions[i].panoptic.segments.size(), truth.panoptic.segments.size());
      for (size_t at = 0; at < truth.panoptic.ids.size(); ++at)
        ASSERT_EQ(predictions[i].panoptic.segments[predictions[i].panoptic.ids[at] - 1].category, truth.semantic[at]);
    }
    if (GetParam() == "instance") {
      ASSERT_EQ(predictions[i].detections.size(), 24u);  // every query and class, up to a hundred
      for (size_t n = 0; n < truth.instances.size(); ++n) {
        EXPECT_GT(predictions[i].detections[n].score, 0.95);
        EXPECT_LT(predictions[i].detections[truth.instances.size()].score, 0.01);
        const auto& found = predictions[i].detections;
        EXPECT_TRUE(std::any_of(found.begin(), found.begin() + std::ssize(truth.instances), [&](const Detection& d) {
          return d.mask == truth.instances[n].mask && d.category == truth.instances[n].category;
        }));
      }
    }
  }
  const auto rows = run.task->pictures(answers, question);
  ASSERT_EQ(rows.size(), 3u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), run.task->picture_titles().size());
    // Of objects that overlap the best is on top; of the truth, the last.
    EXPECT_LE(part_that_differs(row[1], row[2]), GetParam() == "instance" ? 0.05 : 0);
  }
  EXPECT_GT(part_that_differs(rows[1][0], rows[1][1]), 0.1);
}

// Twelve views of an image by the model, each turned back, brought to the image's size, and averaged.
TEST(Semantic, ViewsOfSixSizesAreAveraged) {
  TaskContext context = masked_context();
  context.tta = Tta::kScalesFlip;
  SemanticConfig config{small_set(6)};
  config.set.pictures = {.sizes = {24}, .max_size = 30};
  MaskRun run("semantic");
  run.task = std::make_unique<Semantic>(config, context);
  const std::vector<Sample> samples{sample_with_masks(1, 4, 20, 31), sample_with_masks(2, 3, 24, 24)};
  const Question together = run.ask(samples, /*training=*/false);
  const std::vector<Prediction> predictions = run.task->predict({together.batch, together, run.answer(together)});
  ASSERT_EQ(predictions.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const std::vector<PreparedImage> views = run.task->prepare(samples[i], {5, 0, samples[i].id}, {}, false);
    std::vector<std::pair<int64_t, int64_t>> sizes;
    at::Tensor sum = at::zeros({4, samples[i].image.height, samples[i].image.width}, at::kDouble);
    for (const PreparedImage& view : views) {
      sizes.emplace_back(view.image.height, view.image.width);
      const Question question = run.task->ask(make_batch({{{5, 0, 0}, "view", view}}, 8, fresh_bytes), /*training=*/false);
      const Answer answer = run.answer(question)[0];
      const UnitGrid grid = question.batch.images[0].grid;
      at::Tensor masks = map_products(answer.features, 0, answer.at("embedding")[-1], config.set.dot);
      masks = at::upsample_bilinear2d(masks, {8 * grid.height, 8 * grid.width}, false)[0].sigmoid();
      masks = masks.narrow(1, 0, view.image.height).narrow(2, 0, view.image.width);
      if (view.placement.is_mirrored()) masks = masks.flip(2);
      const at::Tensor p = answer.at("class")[-1][0].softmax(1).narrow(1, 0, 4);  // [Q, K]
      const at::Tensor scores = at::einsum("qk,qyx->kyx", {p, masks}).unsqueeze(0);
      sum = sum + at::upsample_bilinear2d(scores, {sum.size(1), sum.size(2)}, false)[0];
    }
    const at::Tensor labels = sum.argmax(0).contiguous();
    for (int64_t at = 0; at < labels.numel(); ++at)
      ASSERT_EQ(predictions[i].semantic[static_cast<size_t>(at)], labels.const_data_ptr<int64_t>()[at]) << i << " " << at;
    const auto pair = [](int64_t height, int64_t width) { return std::pair(height, width); };
    const std::vector<std::pair<int64_t, int64_t>> of_limited{{19, 30}, {10, 15}, {15, 23}, {25, 38}, {29, 45}, {34, 53}};
    ASSERT_EQ(sizes.size(), 12u);
    for (size_t v = 0; v < 12; ++v) {
      EXPECT_EQ(views[v].placement.is_mirrored(), v % 2 == 1);
      const std::vector<int64_t> sides{24, 12, 18, 30, 36, 42};
      EXPECT_EQ(sizes[v], i == 0 ? of_limited[v / 2] : pair(sides[v / 2], sides[v / 2]));
    }
    EXPECT_TRUE(views[0].truth);
  }
}

// The same masks read by the rules of all three tasks: things keep their place among the objects.
TEST(PanopticMasks, AnswerAsInstancesAndClassesOfPixelsWhereTheyAreMeasured) {
  TaskContext context = masked_context();
  MaskRun run("panoptic", 9);
  const std::vector<Sample> samples{sample_with_masks(0, 3), sample_with_masks(1, 2)};
  const Question question = run.ask(samples, /*training=*/false);
  const std::vector<Answer> answers = run.answer(question);
  const auto predict = [&] { return run.task->predict({question.batch, question, answers}); };
  for (const Prediction& alone : predict()) EXPECT_TRUE(alone.detections.empty() && alone.semantic.empty());

  context.measured = {"panoptic", "instance", "semantic"};
  run.task = std::make_unique<PanopticMasks>(PanopticMasksConfig{small_set(9)}, context);
  const std::vector<Prediction> predictions = predict();
  for (int64_t b = 0; b < 2; ++b) {
    const Prediction& prediction = predictions.at(static_cast<size_t>(b));
    const QueryMasks view{
        .classes = answers[0].at("class")[-1][b],
        .masks = map_products(answers[0].features, b, answers[0].at("embedding")[-1].narrow(0, b, 1), {})[0],
        .grid_height = 24,
        .grid_width = 24,
        .height = 24,
        .width = 24};
    EXPECT_EQ(prediction.semantic, semantic_map({&view, 1}, 24, 24));
    size_t found = 0;
    for (const Detection& all : mask_instances(view, 24, 24)) {  // 36 queries and classes: all are among the hundred
      if (all.category == 0) continue;                           // the ground
      const Detection& thing = prediction.detections.at(found++);
      EXPECT_EQ(thing.category, all.category - 1);
      EXPECT_EQ(thing.score, all.score);
      EXPECT_EQ(thing.mask, all.mask);
    }
    EXPECT_EQ(found, 27u);
    EXPECT_EQ(prediction.detections.size(), found);
    EXPECT_FALSE(prediction.panoptic.ids.empty());
    const PreparedImage image = run.task->prepare(samples[static_cast<size_t>(b)], {1, 0, b}, {}, false).at(0);
    EXPECT_EQ(image.truth->instances.size(), samples[static_cast<size_t>(b)].targets.instances.size());
    EXPECT_EQ(image.truth->semantic, samples[static_cast<size_t>(b)].targets.semantic);
  }

  context.vocabulary.objects.pop_back();
  EXPECT_THROW(PanopticMasks({}, context), UsageError);
  context.measured = {"panoptic", "semantic"};
  EXPECT_NO_THROW(PanopticMasks({}, context));
}

TEST_P(EverySegmentation, GivesEveryParameterAGradientWhateverThereIs) {
  const MaskRun run(GetParam());
  for (const int64_t count : {0, 3}) {
    Sample sample = sample_with_masks(0, count);
    if (count == 0) std::ranges::fill(sample.targets.semantic, kIgnoreLabel);
    if (count == 0) sample.targets.panoptic.segments.clear();
    const Question question = run.ask({sample});
    run.model->zero_grad();
    at::Tensor total = at::zeros({}, at::kDouble);
    for (const LossTerm& term : run.losses(question).terms) {
      EXPECT_EQ(term.sum.item<double>() == 0, count == 0 && term.name != "class") << term.name;
      total = total + term.sum;
    }
    total.backward();
    for (const auto& [name, parameter] : named_parameters(*run.model)) {
      ASSERT_TRUE(parameter.grad().defined()) << name;
      EXPECT_TRUE(at::isfinite(parameter.grad()).all().item<bool>()) << name;
    }
  }
}

TEST_P(EverySegmentation, MicroBatchesMakeTheGradientsOfTheBatch) {
  const std::unique_ptr<Communicator> alone = make_communicator(LaunchEnv{}, at::kCPU);
  SmallRun run(*alone, at::kDouble, make_small(GetParam()));
  const auto batch = [&](std::vector<int64_t> ids) {
    std::vector<Sample> samples;
    for (const int64_t id : ids) samples.push_back(sample_with_masks(id, id));  // the first has no object
    return batch_of_samples(*run.task, samples, true);
  };
  const StepResult whole = run.accumulate({batch({0, 1, 2, 4})});
  std::vector<at::Tensor> expected;
  for (const at::Tensor& gradient : run.gradients.gradients()) expected.push_back(gradient.clone());
  const StepResult parts = run.accumulate({batch({0}), batch({1, 2, 4})});
  EXPECT_NEAR(whole.loss.item<double>(), parts.loss.item<double>(), 1e-9);
  EXPECT_LT(largest_difference(run.gradients.gradients(), expected), 1e-7);
}

}  // namespace
}  // namespace glid
