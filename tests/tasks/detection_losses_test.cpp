// The losses of detection against their definitions, with either class loss.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "glid/nn/transfer.h"
#include "glid/tasks/box_losses.h"
#include "support/detection_samples.h"

namespace glid {
namespace {

// The losses straight from their definitions, number by number, with the assignment found among all there are.
struct Direct {
  struct Sums {
    double of_class = 0, l1 = 0, giou = 0;
  };
  const std::vector<std::vector<double>>& logits;  // of each query
  const std::vector<std::array<double, 4>>& boxes;
  const std::vector<std::array<double, 4>>& truths;
  const std::vector<int64_t>& labels;
  bool focal;

  static double l1(const std::array<double, 4>& a, const std::array<double, 4>& b) {
    double sum = 0;
    for (size_t i = 0; i < 4; ++i) sum += std::abs(a[i] - b[i]);
    return sum;
  }
  static double generalised(const std::array<double, 4>& a, const std::array<double, 4>& b) {
    const auto corners = [](const std::array<double, 4>& box) {
      return to_corners(BoxCxcywh{box[0], box[1], box[2], box[3]}, 1, 1);
    };
    return giou(corners(a), corners(b));
  }
  double probability(size_t q, size_t k) const {
    if (focal) return 1 / (1 + std::exp(-logits[q][k]));
    double sum = 0;
    for (const double logit : logits[q]) sum += std::exp(logit);
    return std::exp(logits[q][k]) / sum;
  }
  double cost(size_t q, size_t t) const {
    const double p = probability(q, static_cast<size_t>(labels[t]));
    const double of_class =
        focal ? 0.25 * std::pow(1 - p, 2) * -std::log(p + 1e-8) - 0.75 * p * p * -std::log(1 - p + 1e-8) : -p;
    return (focal ? 2 : 1) * of_class + 5 * l1(boxes[q], truths[t]) - 2 * generalised(boxes[q], truths[t]);
  }
  // The target of each query, or -1.
  std::vector<int64_t> matched() const {
    std::vector<int64_t> order(std::max(boxes.size(), truths.size()));  // targets, and nothing behind them
    std::iota(order.begin(), order.end(), 0);
    std::vector<int64_t> best;
    double least = std::numeric_limits<double>::infinity();
    do {
      double sum = 0;
      for (size_t q = 0; q < boxes.size(); ++q)
        if (order[q] < std::ssize(truths)) sum += cost(q, static_cast<size_t>(order[q]));
      if (sum < least) least = sum, best = order;
    } while (std::ranges::next_permutation(order).found);
    for (int64_t& t : best) t = t < std::ssize(truths) ? t : -1;
    best.resize(boxes.size());
    return best;
  }
  Sums sums() const {
    Sums sums;
    const std::vector<int64_t> targets = matched();
    for (size_t q = 0; q < boxes.size(); ++q) {
      const int64_t label = targets[q] < 0 ? kClasses : labels[static_cast<size_t>(targets[q])];
      if (!focal) sums.of_class -= (targets[q] < 0 ? 0.1 : 1) * std::log(probability(q, static_cast<size_t>(label)));
      for (size_t k = 0; focal && k < kClasses; ++k) {
        const double p = probability(q, k);
        sums.of_class -=
            static_cast<int64_t>(k) == label ? 0.25 * std::pow(1 - p, 2) * std::log(p) : 0.75 * p * p * std::log(1 - p);
      }
      if (targets[q] < 0) continue;
      const std::array<double, 4>& truth = truths[static_cast<size_t>(targets[q])];
      sums.l1 += l1(boxes[q], truth);
      sums.giou += 1 - generalised(boxes[q], truth);
    }
    return sums;
  }
};

Direct::Sums direct_sums(const Answer& answer, const Question& question, int64_t layer, int64_t picture, bool focal) {
  const BatchArray &boxes = question.batch.arrays.at("boxes"), &labels = question.batch.arrays.at("labels");
  const auto begin = labels.lengths.begin();
  const int64_t first = std::accumulate(begin, begin + picture, int64_t{0}),
                count = labels.lengths[static_cast<size_t>(picture)];
  std::vector<std::vector<double>> logits;
  for (const at::Tensor& row : answer.at("class")[layer][picture].contiguous().unbind(0))
    logits.emplace_back(row.const_data_ptr<double>(), row.const_data_ptr<double>() + row.numel());
  std::vector<int64_t> classes;
  for (int64_t i = first; i < first + count; ++i) classes.push_back(labels.values[i].item<int64_t>());
  const auto predicted = boxes_of(answer.at("box")[layer][picture].sigmoid()),
             truths = boxes_of(boxes.values.narrow(0, first, count));
  return Direct{logits, predicted, truths, classes, focal}.sums();
}

class DetectionLosses : public testing::TestWithParam<ClassLoss> {};

// No object, one, several, and more than there are queries; every sample has a crowd and an empty box too.
TEST_P(DetectionLosses, EqualTheirDefinitions) {
  const bool focal = GetParam() == ClassLoss::kFocal;
  const ObjectDetection task(small_detection(GetParam()), detection_context());
  const Batch batch = batch_of_samples(
      task, {sample_with_boxes(0, 0), sample_with_boxes(1, 1), sample_with_boxes(2, 3), sample_with_boxes(3, 6)}, true);
  const Question question = task.ask(batch, /*training=*/false);
  at::manual_seed(1);
  const std::vector<Answer> answers = random_answers(4, 4, focal ? kClasses : kClasses + 1);
  const Losses losses = task.losses(answers, question);
  ASSERT_EQ(losses.terms.size(), 9u);
  for (int64_t layer = 0; layer < kLayers; ++layer)
    for (int64_t picture = 0; picture < 4; ++picture) {
      const Direct::Sums sums = direct_sums(answers[0], question, layer, picture, focal);
      const auto part = [&](int64_t term) {
        return losses.terms[static_cast<size_t>(kLayers * term + layer)].by_image[picture].item<double>();
      };
      EXPECT_NEAR(part(0), sums.of_class, 1e-6) << layer << " " << picture;
      EXPECT_NEAR(part(1), sums.l1, 1e-6) << layer << " " << picture;
      EXPECT_NEAR(part(2), sums.giou, 1e-6) << layer << " " << picture;
    }
  for (const LossTerm& term : losses.terms) {
    EXPECT_NEAR(term.sum.item<double>(), term.by_image.sum().item<double>(), 1e-12);
    EXPECT_EQ(term.weight, term.name == "class" ? (focal ? 2 : 1) : term.name == "l1" ? 5 : 2);
    EXPECT_EQ(term.count, focal || term.name != "class" ? "boxes" : "queries");
  }
  const LossCounts counts = task.counts(batch);
  EXPECT_EQ(counts.at("boxes"), (std::vector<double>{0, 1, 3, 6}));
  EXPECT_EQ(counts.at("many_boxes"), (std::vector<double>{0, 2, 6, 12}));
  EXPECT_EQ(counts.size(), focal ? 2u : 4u);
  if (focal) return;
  EXPECT_THAT(counts.at("queries"), testing::Pointwise(testing::DoubleEq(), {0.4, 1.3, 3.1, 4.0}));
  EXPECT_THAT(counts.at("many_queries"), testing::Pointwise(testing::DoubleEq(), {0.9, 2.7, 6.3, 9.0}));
}

TEST_P(DetectionLosses, OfOneToManyAreThoseOfRepeatedTargets) {
  const bool focal = GetParam() == ClassLoss::kFocal;
  const ObjectDetection task(small_detection(GetParam()), detection_context());
  const std::vector<Sample> samples{sample_with_boxes(0, 0), sample_with_boxes(1, 1), sample_with_boxes(2, 2)};
  const Question question = task.ask(batch_of_samples(task, samples, true), /*training=*/true);
  at::manual_seed(2);
  const std::vector<Answer> answers = random_answers(3, 13, focal ? kClasses : kClasses + 1);
  const int64_t waits = num_host_waits();
  const Losses losses = task.losses(answers, question);
  EXPECT_EQ(num_host_waits(), waits + 1);
  ASSERT_EQ(losses.terms.size(), 18u);
  Question repeated = question;  // each object twice
  for (auto& [name, array] : repeated.batch.arrays) {
    std::vector<at::Tensor> parts;
    for (const at::Tensor& part : array.values.split_with_sizes(array.lengths)) parts.insert(parts.end(), {part, part});
    array.values = at::cat(parts);
    for (int64_t& length : array.lengths) length *= 2;
  }
  Answer many = answers[0];
  for (auto& [name, head] : many.heads) head = head.narrow(2, 4, 9);
  for (int64_t layer = 0; layer < kLayers; ++layer)
    for (int64_t picture = 0; picture < 3; ++picture) {
      const Direct::Sums sums = direct_sums(many, repeated, layer, picture, focal);
      EXPECT_NEAR(losses.terms[static_cast<size_t>(9 + layer)].by_image[picture].item<double>(), sums.of_class, 1e-6);
      EXPECT_NEAR(losses.terms[static_cast<size_t>(15 + layer)].by_image[picture].item<double>(), sums.giou, 1e-6);
    }
  EXPECT_EQ(losses.terms[12].name, "many_l1");
  EXPECT_EQ(losses.terms[12].count, "many_boxes");
  EXPECT_EQ(losses.terms[12].weight, 2.5);
  EXPECT_EQ(losses.terms[12].layer, 1);
  EXPECT_EQ(losses.terms[14].layer, 0);
}

INSTANTIATE_TEST_SUITE_P(Classes, DetectionLosses, testing::Values(ClassLoss::kFocal, ClassLoss::kSoftmax),
                         [](const auto& info) { return info.param == ClassLoss::kFocal ? "focal" : "softmax"; });

TEST(BoxLosses, HaveFiniteGradientsWhereBoxesTouchOrCoincide) {
  const at::Tensor truths = at::tensor({0.5, 0.5, 0.2, 0.2, 0.2, 0.2, 0.4, 0.4}, at::kDouble).view({2, 4});
  const at::Tensor boxes = at::tensor({0.5, 0.5, 0.2, 0.2, 0.6, 0.6, 0.4, 0.4}, at::kDouble).view({2, 4}).requires_grad_();
  const at::Tensor losses = giou_losses(boxes, truths) + l1_losses(boxes, truths);
  EXPECT_NEAR(losses[0].item<double>(), 0, 1e-12);
  EXPECT_NEAR(losses[1].item<double>(), 1 + 0.5 + 0.8, 1e-12);  // GIoU of touching corners: - 2 of 4 squares
  losses.sum().backward();
  EXPECT_TRUE(at::isfinite(boxes.grad()).all().item<bool>());
}

TEST_P(DetectionLosses, AreSmallForPerfectAnswers) {
  const int64_t classes = GetParam() == ClassLoss::kFocal ? kClasses : kClasses + 1;
  DetectionConfig config = small_detection(GetParam());
  config.one_to_many.queries = 0;
  const ObjectDetection task(config, detection_context());
  const std::vector<Sample> samples{sample_with_boxes(0, 0), sample_with_boxes(1, 1), sample_with_boxes(2, 4)};
  const Question question = task.ask(batch_of_samples(task, samples, true), /*training=*/true);
  const auto total = [&](const std::vector<Answer>& answers) {
    double sum = 0;
    for (const LossTerm& term : task.losses(answers, question).terms) sum += term.weight * term.sum.item<double>();
    return sum;
  };
  EXPECT_LT(total(perfect_answers(question, 4, classes)), 0.01);
  EXPECT_GT(total(random_answers(3, 4, classes)), 10);
}

// Scores of all queries and classes in order, equal ones by lower index; boxes in the original's pixels, clipped.
TEST_P(DetectionLosses, ArePredictedFromDirectly) {
  const bool focal = GetParam() == ClassLoss::kFocal;
  DetectionConfig config = small_detection(GetParam());
  config.max_detections = 7;
  const ObjectDetection task(config, detection_context());
  const std::vector<Sample> samples{sample_with_boxes(0, 1, 30, 60), sample_with_boxes(1, 2, 50, 20)};
  const Batch batch = batch_of_samples(task, samples, false);
  const Question question = task.ask(batch, false);
  at::manual_seed(3);
  const std::vector<Answer> answers = random_answers(2, 4, focal ? kClasses : kClasses + 1);
  answers[0].at("class").select(0, -1).select(1, 2).copy_(answers[0].at("class").select(0, -1).select(1, 1));  // ties
  const std::vector<Prediction> predictions = task.predict({batch, question, answers});
  ASSERT_EQ(predictions.size(), 2u);
  for (int64_t b = 0; b < 2; ++b) {
    struct Candidate {
      double score;
      int64_t query, category;
    };
    std::vector<Candidate> candidates;
    for (int64_t q = 0; q < 4; ++q) {
      const at::Tensor logits = answers[0].at("class")[-1][b][q];
      const at::Tensor p = focal ? logits.sigmoid() : logits.softmax(0);
      for (int64_t k = 0; k < kClasses; ++k) candidates.push_back({p[k].item<double>(), q, k});
    }
    std::ranges::stable_sort(candidates, std::greater(), &Candidate::score);
    const Prediction& prediction = predictions[static_cast<size_t>(b)];
    const auto height = static_cast<double>(samples[static_cast<size_t>(b)].image.height),
               width = static_cast<double>(samples[static_cast<size_t>(b)].image.width);
    EXPECT_EQ(prediction.height, samples[static_cast<size_t>(b)].image.height);
    ASSERT_EQ(prediction.detections.size(), 7u);
    for (size_t i = 0; i < 7; ++i) {
      const Candidate& expected = candidates[i];
      const Detection& detection = prediction.detections[i];
      EXPECT_EQ(detection.category, expected.category);
      EXPECT_NEAR(detection.score, expected.score, 1e-12);
      const auto box = boxes_of(answers[0].at("box")[-1][b][expected.query].sigmoid().unsqueeze(0))[0];
      EXPECT_NEAR(detection.box.x0, std::max(0.0, (box[0] - box[2] / 2) * width), 1e-9);
      EXPECT_NEAR(detection.box.y0, std::max(0.0, (box[1] - box[3] / 2) * height), 1e-9);
      EXPECT_NEAR(detection.box.x1, std::min(width, (box[0] + box[2] / 2) * width), 1e-9);
      EXPECT_NEAR(detection.box.y1, std::min(height, (box[1] + box[3] / 2) * height), 1e-9);
    }
  }
}

std::vector<at::Tensor> gradients_of(const std::vector<std::vector<Sample>>& micro_batches, ClassLoss class_loss) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  const ObjectDetection task(small_detection(class_loss), detection_context());
  SmallRun run(*alone, at::kDouble, std::make_unique<ObjectDetection>(small_detection(class_loss), detection_context()));
  std::vector<Batch> batches;
  for (const std::vector<Sample>& samples : micro_batches) batches.push_back(batch_of_samples(task, samples, true));
  run.accumulate(batches);
  std::vector<at::Tensor> copies;
  for (const at::Tensor& gradient : run.gradients.gradients()) copies.push_back(gradient.clone());
  return copies;
}

// How a batch is divided changes nothing, though one part has no object.
TEST_P(DetectionLosses, AreThoseOfTheWholeBatchInMicroBatches) {
  const Sample a = sample_with_boxes(0, 0), b = sample_with_boxes(1, 3), c = sample_with_boxes(2, 1);
  const std::vector<at::Tensor> whole = gradients_of({{a, b, c}}, GetParam());
  EXPECT_LT(largest_difference(gradients_of({{a}, {b, c}}, GetParam()), whole), 1e-10);
  for (const at::Tensor& gradient : whole) EXPECT_TRUE(at::isfinite(gradient).all().item<bool>());
}

}  // namespace
}  // namespace glid
