#include "glid/metrics/mean_iou.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/rng.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Labels = std::vector<uint16_t>;

MeanIou evaluated(const MeanIouOptions& options, const Labels& predicted, const Labels& truth) {
  MeanIou evaluator(options);
  evaluator.add("7", predicted, truth);
  return evaluator;
}

std::string error_of(const MeanIouOptions& options, const Labels& predicted, const Labels& truth) {
  try {
    evaluated(options, predicted, truth);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(MeanIou, HandComputed) {
  // Class 0: 2 of 3 right, one false; class 1: 1 of 2 right, one false; class 2: 1 of 1.
  const MeanIou evaluator = evaluated({.num_classes = 3}, {0, 0, 1, 1, 0, 2, 2}, {0, 0, 0, 1, 1, 2, 255});
  const MeanIouReport report = evaluator.report();
  EXPECT_DOUBLE_EQ(*report.classes[0].iou, 2. / 4);
  EXPECT_DOUBLE_EQ(*report.classes[1].iou, 1. / 3);
  EXPECT_DOUBLE_EQ(*report.classes[2].iou, 1.);
  EXPECT_DOUBLE_EQ(*report.mean_iou, (2. / 4 + 1. / 3 + 1) / 3);
  EXPECT_DOUBLE_EQ(*report.mean_accuracy, (2. / 3 + 1. / 2 + 1) / 3);
  EXPECT_DOUBLE_EQ(*report.pixel_accuracy, 4. / 6);
  EXPECT_DOUBLE_EQ(*report.frequency_weighted_iou, (2. / 4 * 3 + 1. / 3 * 2 + 1) / 6);
  EXPECT_EQ(report.num_kept, 6);
  EXPECT_EQ(report.num_ignored, 1);
  EXPECT_EQ(evaluator.confusion().at(0, 1), 1);
  EXPECT_EQ(evaluator.confusion().at(1, 0), 1);
  EXPECT_EQ(evaluator.confusion().at(2, 0), 0);
}

TEST(MeanIou, PredictionsOfNoClassAreMisses) {
  const MeanIouReport report = evaluated({.num_classes = 2}, {0, 255, 2, 65535, 1}, {0, 0, 0, 1, 1}).report();
  EXPECT_EQ(report.num_missed, 3);
  EXPECT_DOUBLE_EQ(*report.classes[0].iou, 1. / 3);
  EXPECT_DOUBLE_EQ(*report.classes[1].iou, 1. / 2);
  EXPECT_EQ(report.classes[1].num_predicted, 1);
  EXPECT_DOUBLE_EQ(*report.pixel_accuracy, 2. / 5);
}

TEST(MeanIou, IgnoredPixelsLeavePredictionsToo) {
  const MeanIouReport report = evaluated({.num_classes = 2}, {0, 0, 0, 1}, {0, 255, 255, 1}).report();
  EXPECT_EQ(report.classes[0].num_predicted, 1);
  EXPECT_EQ(report.mean_iou, 1.0);
}

TEST(MeanIou, ClassPredictedButAbsent) {
  // Class 0 half right, class 1 only predicted, class 2 neither.
  const MeanIou evaluator = evaluated({.num_classes = 3}, {0, 1}, {0, 0});
  EXPECT_EQ(*evaluator.report().mean_iou, .5);
  EXPECT_EQ(*evaluator.report(MeanIouProtocol::kMmseg).mean_iou, .25);
  EXPECT_DOUBLE_EQ(*evaluator.report(MeanIouProtocol::kCsail).mean_iou, .5 / 3);
  EXPECT_THAT(evaluator.report().by_protocol, ElementsAre(.5, .25, .5 / 3));
  EXPECT_FALSE(evaluator.report().classes[1].iou.has_value());
  EXPECT_EQ(evaluator.report(MeanIouProtocol::kMmseg).classes[1].iou, 0.0);
  EXPECT_FALSE(evaluator.report(MeanIouProtocol::kMmseg).classes[2].iou.has_value());
  EXPECT_EQ(evaluator.report(MeanIouProtocol::kCsail).classes[2].iou, 0.0);
  for (const auto& [protocol, name, meaning] : enum_names(MeanIouProtocol{})) {
    const MeanIouReport report = evaluator.report(protocol);
    EXPECT_EQ(report.mean_accuracy, .5) << name;
    EXPECT_EQ(report.frequency_weighted_iou, .5) << name;
  }
}

TEST(MeanIou, EntirelyIgnoredImage) {
  MeanIou evaluator = evaluated({.num_classes = 2}, {0, 1}, {255, 255});
  MeanIouReport report = evaluator.report();
  EXPECT_FALSE(report.mean_iou || report.mean_accuracy || report.pixel_accuracy || report.frequency_weighted_iou);
  EXPECT_EQ(report.num_ignored_images, 1);
  evaluator.add("8", Labels{1}, Labels{1});
  report = evaluator.report();
  EXPECT_EQ(report.mean_iou, 1.0);
  EXPECT_EQ(report.num_images, 2);
  EXPECT_EQ(report.num_ignored_images, 1);
}

TEST(MeanIou, ReduceZeroLabelIsForAnnotationsOnly) {
  const MeanIouOptions options{.num_classes = 150, .reduce_zero_label = true};
  const MeanIou evaluator = evaluated(options, {0, 149, 5, 5, 255}, {1, 150, 0, 255, 6});
  EXPECT_EQ(evaluator.report().num_kept, 3);
  EXPECT_EQ(evaluator.confusion().num_correct(0), 1);
  EXPECT_EQ(evaluator.confusion().num_correct(149), 1);
  EXPECT_EQ(evaluator.confusion().at(5, 150), 1);
  EXPECT_THAT(error_of(options, {0}, {151}), HasSubstr("(got 151)"));
}

TEST(MeanIou, ResultsOffset) {
  const MeanIouOptions options{.num_classes = 3, .results_offset = -1};
  const MeanIou evaluator = evaluated(options, {1, 3, 0, 4}, {0, 2, 0, 0});
  EXPECT_EQ(evaluator.confusion().num_correct(0), 1);
  EXPECT_EQ(evaluator.confusion().num_correct(2), 1);
  EXPECT_EQ(evaluator.confusion().num_missed(), 2);
  EXPECT_EQ(evaluated({.num_classes = 3, .results_offset = 2}, {0}, {2}).confusion().num_correct(2), 1);
}

TEST(MeanIou, IgnoreLabelMayBeAClassOrNone) {
  EXPECT_EQ(evaluated({.num_classes = 2, .ignore_label = 0}, {1, 1}, {0, 1}).report().num_kept, 1);
  EXPECT_EQ(evaluated({.num_classes = 300, .ignore_label = 65535}, {299, 0}, {299, 65535}).report().mean_iou, 1.0);
  EXPECT_THAT(error_of({.num_classes = 2, .ignore_label = -1}, {0}, {255}), HasSubstr("(got 255)"));
}

TEST(MeanIou, BadDataNamesImageAndValueAndAddsNothing) {
  MeanIou evaluator({.num_classes = 2});
  EXPECT_THAT(error_of(evaluator.options(), {0}, {0, 1}),
              HasSubstr("image 7: has a prediction of another size than its truth (got 1 and 2 pixels)"));
  EXPECT_THAT(error_of(evaluator.options(), {0, 0, 0, 0, 0}, {0, 255, 1, 17, 9}),
              HasSubstr("image 7: has a truth label that is neither one of 2 classes nor ignored (got 17)"));
  const ConfusionMatrix before = evaluator.confusion();
  EXPECT_THROW(evaluator.add("a", Labels(20, 1), Labels(20, 2)), DataError);
  EXPECT_EQ(evaluator.confusion(), before);
  EXPECT_EQ(evaluator.images().size(), 0u);
  evaluator.add("a", Labels{1}, Labels{1});
  EXPECT_THROW(evaluator.add("a", Labels{1}, Labels{1}), DataError);
  EXPECT_EQ(evaluator.report().num_kept, 1);
}

TEST(MeanIou, WrongSettings) {
  EXPECT_THAT(error_of({.num_classes = 0}, {}, {}), HasSubstr("eval.num_classes: must be from 1 to 4096 (got 0)"));
  EXPECT_THAT(error_of({.ignore_label = 70000}, {}, {}), HasSubstr("eval.ignore_label"));
  EXPECT_THAT(error_of({.results_offset = -70000}, {}, {}), HasSubstr("eval.results_offset"));
}

// Runs of random lengths, down to noise.
Labels random_labels(uint64_t number, double run, size_t size, int num_labels) {
  Rng rng(3, 0, number, RandomOp::kExample);
  Labels labels;
  while (labels.size() < size) {
    if (labels.empty() || rng.uniform() * run < 1) labels.push_back(static_cast<uint16_t>(rng.uniform() * num_labels));
    else labels.push_back(labels.back());
  }
  return labels;
}

TEST(MeanIou, CountsAsOnePixelAfterTheOther) {
  for (uint64_t i = 0; i < 30; ++i) {
    const double run = i % 3 == 0 ? 1 : i % 3 == 1 ? 5 : 50;
    const Labels truth = random_labels(2 * i, run, 990 + i, 7), predicted = random_labels(2 * i + 1, run, 990 + i, 9);
    const MeanIou evaluator = evaluated({.num_classes = 6, .ignore_label = 6}, predicted, truth);
    std::vector<std::vector<int64_t>> expected(7, std::vector<int64_t>(7));
    for (size_t k = 0; k < truth.size(); ++k) ++expected[truth[k]][std::min<size_t>(predicted[k], 6)];
    for (int64_t c = 0; c < 6; ++c) {
      EXPECT_THAT(evaluator.confusion().row(c), testing::ElementsAreArray(expected[static_cast<size_t>(c)]))
          << i << " " << c;
    }
  }
}

TEST(MeanIou, SplitsMergeToTheSame) {
  const MeanIouOptions options{.num_classes = 6, .ignore_label = 6};
  MeanIou whole(options), forward(options), backward(options);
  std::vector<MeanIou> ranks(3, MeanIou(options));
  for (uint64_t i = 0; i < 20; ++i) {
    const Labels truth = random_labels(2 * i, 5, 100, 7), predicted = random_labels(2 * i + 1, 5, 100, 7);
    whole.add(std::to_string(i), predicted, truth);
    ranks[i * i % 3].add(std::to_string(i), predicted, truth);
  }
  for (size_t i = 0; i < 3; ++i) forward.merge(ranks[i]);
  for (size_t i = 3; i-- > 0;) backward.merge_bytes(ranks[i].to_bytes());
  EXPECT_EQ(forward.to_bytes(), whole.to_bytes());
  EXPECT_EQ(backward.to_bytes(), whole.to_bytes());
  EXPECT_EQ(backward.report().mean_iou, whole.report().mean_iou);
  EXPECT_THROW(forward.merge(ranks[0]), DataError);
  EXPECT_EQ(forward.confusion(), whole.confusion());
  EXPECT_THROW(forward.merge(MeanIou({.num_classes = 6})), std::invalid_argument);
  EXPECT_THROW(forward.merge_bytes("cut"), std::invalid_argument);
}

}  // namespace
}  // namespace glid
