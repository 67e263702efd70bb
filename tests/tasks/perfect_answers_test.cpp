// What each task makes of answers that are right: losses below those of random answers, and ideal metrics. Right answers
// are made of the targets, one function a task of the variant; a task without one doesn't compile.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "glid/eval/measure.h"
#include "support/every_task.h"

namespace glid {
namespace {

constexpr double kSure = 5;  // a logit; points on the edge of a mask are neither in nor out

struct Asked {
  const Task& task;
  const Question& question;  // as when measuring

  int64_t num_pictures() const { return question.batch.size(); }
  int64_t num_layers() const { return std::max<int64_t>(1, std::ssize(task.spec().supervised_layers)); }
  const Targets& targets(int64_t b) const { return question.batch.images[static_cast<size_t>(b)].targets; }
  // Every supervised layer answers alike: [..] -> [L, ..].
  at::Tensor of_layers(const at::Tensor& values) const {
    std::vector<int64_t> sizes = values.sizes().vec();
    sizes.insert(sizes.begin(), num_layers());
    return values.expand(sizes).contiguous();
  }
};

// An answer whose products with the map are what they should be: products [B, Q, cells], queries are channels.
Answer answer_of_products(const Asked& asked, const at::Tensor& products, const DotConfig& dot) {
  const int64_t pictures = products.size(0), queries = products.size(1);
  const at::Tensor embedding = at::eye(queries, at::kDouble) / dot.scale(queries);
  Answer answer{.heads = {{"embedding", asked.of_layers(embedding.expand({pictures, queries, queries}))}}};
  answer.features.cells = products.transpose(1, 2).reshape({-1, queries}).contiguous();
  for (int64_t b = 0; b < pictures; ++b)
    answer.features.images.push_back({b * kSampleSize * kSampleSize, kSampleSize, kSampleSize});  // patches of a pixel
  return answer;
}

std::vector<Answer> perfect(const MaskedImageConfig&, const Asked& asked) {
  const at::Tensor pixels = asked.question.targets.at("pixels").to(at::kDouble);  // and [CLS] before them
  return {{{{"pixels", asked.of_layers(at::constant_pad_nd(pixels, {0, 0, 1, 0}))}}, {}}};
}

// Of tasks whose answers are hidden units alone, run by run.
std::vector<Answer> perfect(const auto& config, const Asked& asked) requires requires { config.hiding; }
{
  std::vector<Answer> answers;
  for (const auto& [name, pixels] : asked.question.targets)
    answers.push_back({{{"pixels", asked.of_layers(pixels.to(at::kDouble))}}, {}});
  return answers;
}

std::vector<Answer> perfect(const BeitConfig&, const Asked& asked) {
  const at::Tensor codes = asked.question.targets.at("codes").clamp_min(0);  // nobody's are not scored
  const int64_t classes = asked.task.spec().heads[0].outputs;
  return {{{{"codes", asked.of_layers(kSure * at::one_hot(codes, classes).to(at::kDouble))}}, {}}};
}

std::vector<Answer> perfect(const AimConfig&, const Asked& asked) {
  return {{{{"pixels", asked.of_layers(asked.question.targets.at("pixels").to(at::kDouble))}}, {}}};
}

std::vector<Answer> perfect(const ClassificationConfig&, const Asked& asked) {
  const at::Tensor labels = asked.question.batch.arrays.at("label").values;
  const int64_t classes = asked.task.spec().heads[0].outputs;
  return {{{{"class", asked.of_layers(kSure * at::one_hot(labels, classes).unsqueeze(1).to(at::kDouble))}}, {}}};
}

std::vector<Answer> perfect(const DetectionConfig& config, const Asked& asked) {
  const BatchArray &boxes = asked.question.batch.arrays.at("boxes"), &labels = asked.question.batch.arrays.at("labels");
  const int64_t pictures = asked.num_pictures(), classes = asked.task.spec().heads[0].outputs;
  const at::Tensor logits = at::full({pictures, config.queries, classes}, -kSure, at::kDouble);
  const at::Tensor places = at::full({pictures, config.queries, 4}, 0.1, at::kDouble);
  for (int64_t b = 0, object = 0; b < pictures; ++b)
    for (int64_t q = 0; q < labels.lengths[static_cast<size_t>(b)]; ++q, ++object) {
      logits[b][q][labels.values[object].item<int64_t>()] = kSure;
      places[b][q] = boxes.values[object].to(at::kDouble);
    }
  return {{{{"class", asked.of_layers(logits)}, {"box", asked.of_layers(places.logit(1e-9))}}, {}}};
}

// Bins of one length; every pixel lies between the centres of two.
std::vector<Answer> perfect(const DepthConfig& config, const Asked& asked) {
  const int64_t pictures = asked.num_pictures();
  const at::Tensor lengths = at::zeros({pictures, config.bins}, at::kDouble);
  const at::Tensor centres = bin_centres(lengths, config.min_depth, config.max_depth, config.bin_norm).unsqueeze(2);
  const at::Tensor depth = asked.question.batch.arrays.at("depth").values.to(at::kDouble).view({pictures, 1, -1});
  const double width = (config.max_depth - config.min_depth) / static_cast<double>(config.bins);
  const at::Tensor shares = (1 - (depth - centres).abs() / width).clamp_min(1e-12);  // [B, Q, pixels]
  Answer answer = answer_of_products(asked, shares.log(), config.dot);
  answer.heads["lengths"] = asked.of_layers(lengths.unsqueeze(2));
  return {answer};
}

std::vector<Answer> perfect(const PoseConfig& config, const Asked& asked) {
  const at::Tensor heatmaps = asked.question.batch.arrays.at("heatmaps").values.to(at::kDouble);
  return {answer_of_products(asked, heatmaps.view({asked.num_pictures(), -1, kSampleSize * kSampleSize}), config.dot)};
}

struct LabelledMask {
  int64_t label = 0;
  std::vector<uint8_t> mask;
};

template <class Map>
LabelledMask where(const Map& map, uint32_t value, int64_t label) {
  LabelledMask found{label, {}};
  for (const auto pixel : map) found.mask.push_back(pixel == value ? 1 : 0);
  return found;
}

std::vector<LabelledMask> masks_of(const SemanticConfig&, const Targets& targets) {
  std::set<uint16_t> labels(targets.semantic.begin(), targets.semantic.end());
  labels.erase(kIgnoreLabel);
  std::vector<LabelledMask> masks;
  for (const uint16_t label : labels) masks.push_back(where(targets.semantic, label, label));
  return masks;
}

std::vector<LabelledMask> masks_of(const InstanceMasksConfig&, const Targets& targets) {
  std::vector<LabelledMask> masks;
  for (const Instance& instance : targets.instances)
    if (!instance.is_crowd) masks.push_back({instance.category, mask_from_rle(instance.mask)});
  return masks;
}

std::vector<LabelledMask> masks_of(const PanopticMasksConfig&, const Targets& targets) {
  std::vector<LabelledMask> masks;
  for (const SegmentInfo& segment : targets.panoptic.segments)
    masks.push_back(where(targets.panoptic.ids, segment.id, segment.category));
  return masks;
}

template <class Config>
requires requires(Config config) { config.set; }
std::vector<Answer> perfect(const Config& config, const Asked& asked) {
  const int64_t pictures = asked.num_pictures(), queries = config.set.num_queries;
  const at::Tensor products = at::full({pictures, queries, kSampleSize * kSampleSize}, -kSure, at::kDouble);
  const at::Tensor classes = at::zeros({pictures, queries, asked.task.spec().heads[0].outputs}, at::kDouble);
  classes.select(2, -1).fill_(kSure);  // nothing
  for (int64_t b = 0; b < pictures; ++b) {
    int64_t q = 0;
    for (const LabelledMask& target : masks_of(config, asked.targets(b))) {
      products[b][q] = kSure * (2 * at::tensor(target.mask).to(at::kDouble) - 1);
      classes[b][q] = kSure * at::one_hot(at::scalar_tensor(target.label, at::kLong), classes.size(2));
      ++q;
    }
  }
  Answer answer = answer_of_products(asked, products, config.set.dot);
  answer.heads["class"] = asked.of_layers(classes);
  return {answer};
}

// Of each task on its own, under names of the whole.
std::vector<Answer> perfect(const MultitaskConfig& config, const Asked& asked) {
  std::vector<Answer> answers;
  for (size_t t = 0; t < config.tasks.size(); ++t) {
    const std::string& name = config.tasks[t];
    const auto part = [&](const auto& of_part) {
      const auto task = make_task(of_part, context_of_all());
      return perfect(of_part, {*task, asked.question.parts[t]});
    };
    for (Answer& own : name == "semantic"   ? part(config.semantic)
                       : name == "instance" ? part(config.instance)
                                            : part(config.panoptic)) {
      answers.push_back({.features = own.features});
      for (const auto& [head, output] : own.heads) answers.back().heads[name + "_" + head] = output;
    }
  }
  return answers;
}

// Of the same shapes.
std::vector<Answer> random_like(std::vector<Answer> answers) {
  at::manual_seed(3);
  for (Answer& answer : answers) {
    for (auto& [head, output] : answer.heads) output = at::randn_like(output);
    if (answer.features.cells.defined()) answer.features.cells = at::randn_like(answer.features.cells);
  }
  return answers;
}

// Six samples as they are measured, and the right answers.
struct Answered {
  explicit Answered(const TaskConfig& config, Tta tta = Tta::kNone)
      : task(make_task(config, context_of_all(tta))),
        batch(batch_of_samples(*task, samples_of_all(0, 6), /*training=*/false)),
        question(task->ask(batch, /*training=*/false)),
        answers(std::visit(
            [&](const auto& c) {
              return perfect(c, Asked{*task, question});
            },
            config)) {}

  std::unique_ptr<Task> task;
  Batch batch;
  Question question;
  std::vector<Answer> answers;
};

class PerfectAnswers : public testing::TestWithParam<std::string> {
 protected:
  void expect_ideal_metrics(const Answered& answered) const {
    const Vocabulary vocabulary = context_of_all().vocabulary;
    const auto measures = make_measures(small_metric(config_, vocabulary.joints.size()), vocabulary);
    if (measures.empty()) GTEST_SKIP() << "has no metric but its loss";
    const std::vector<Prediction> predictions =
        answered.task->predict({answered.batch, answered.question, answered.answers});
    const std::vector<ImageRange> samples = answered.batch.samples();
    ASSERT_EQ(predictions.size(), samples.size());
    for (size_t i = 0; i < predictions.size(); ++i) {
      const BatchImage& image = answered.batch.images[static_cast<size_t>(samples[i].first)];
      for (const auto& measure : measures) measure->add({image.key.id, image.name, predictions[i], *image.truth});
    }
    for (const auto& measure : measures) expect_ideal(measure->metric());
  }
  static void expect_ideal(const Metric& metric) {
    bool has_best = false;
    for (const MetricValue& v : metric.values()) {
      if (v.name.find("AR1") != std::string::npos || !v.value) continue;  // one detection an image; no object of such a size
      EXPECT_NEAR(*v.value, v.better == Better::kHigher ? 1 : 0, 1e-6) << v.name;
      has_best = has_best || v.name == metric.best();
    }
    EXPECT_TRUE(has_best) << metric.best();
  }

  const TaskConfig config_ = every_task().at(GetParam());
};

TEST_P(PerfectAnswers, HaveSmallerLossesThanRandomOnes) {
  const Answered answered(config_);
  const Losses right = answered.task->losses(answered.answers, answered.question),
               random = answered.task->losses(random_like(answered.answers), answered.question);
  ASSERT_EQ(right.terms.size(), random.terms.size());
  for (size_t i = 0; i < right.terms.size(); ++i)
    EXPECT_LT(right.terms[i].sum.item<double>(), 0.5 * random.terms[i].sum.item<double>()) << right.terms[i].name;
}

TEST_P(PerfectAnswers, HaveIdealMetrics) { expect_ideal_metrics(Answered(config_)); }

INSTANTIATE_TEST_SUITE_P(EveryTask, PerfectAnswers, testing::ValuesIn(task_names()),
                         [](const auto& info) { return info.param; });

class FlippedPerfectAnswers : public PerfectAnswers {};

// Mirrored views are turned back, with what has sides.
TEST_P(FlippedPerfectAnswers, HaveIdealMetrics) {
  const Answered answered(config_, Tta::kFlip);
  ASSERT_EQ(answered.batch.size(), 12);
  expect_ideal_metrics(answered);
}

template <class Config>
bool has_flips(const Config&) {
  if constexpr (requires { Config::kTta; }) return std::ranges::find(Config::kTta, Tta::kFlip) != Config::kTta.end();
  else return false;
}

std::vector<std::string> names_with_flips() {
  std::vector<std::string> names;
  for (const auto& [name, task] : every_task())
    if (std::visit([](const auto& config) { return has_flips(config); }, task)) names.push_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(EveryTask, FlippedPerfectAnswers, testing::ValuesIn(names_with_flips()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace glid
