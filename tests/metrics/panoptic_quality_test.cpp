#include "glid/metrics/panoptic_quality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/rng.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<uint32_t>;
using Segments = std::vector<PanopticSegment>;

constexpr int64_t kPerson = 1, kCar = 3, kSky = 187;

std::vector<PanopticCategory> categories() { return {{kPerson, "person", true}, {kCar, "car", true}, {kSky, "sky", false}}; }

PanopticSegment segment(int64_t id, int64_t category, double area) {
  return {.id = id, .category_id = category, .area = area};
}
PanopticSegment crowd(int64_t id, int64_t category, double area) {
  return {.id = id, .category_id = category, .is_crowd = true, .area = area};
}
PanopticSegment predicted(int64_t id, int64_t category) { return {.id = id, .category_id = category}; }

PanopticReport evaluate(const Ids& predicted_ids, const Segments& predicted_segments, const Ids& truth_ids,
                        const Segments& truth_segments) {
  PanopticQuality quality(categories());
  quality.add("7", {predicted_ids, predicted_segments}, {truth_ids, truth_segments});
  return quality.report();
}

std::string error_of(const Ids& predicted_ids, const Segments& predicted_segments, const Ids& truth_ids,
                     const Segments& truth_segments) {
  try {
    evaluate(predicted_ids, predicted_segments, truth_ids, truth_segments);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<int64_t> counts(const PanopticClass& c) {
  return {c.num_true_positives, c.num_false_positives, c.num_false_negatives};
}

TEST(PanopticQuality, TruthAsPredictionIsPerfect) {
  const Ids ids = {5, 5, 9, 9, 0, 0x10203};
  const Segments segments = {segment(9, kSky, 2), segment(5, kPerson, 2), segment(0x10203, kPerson, 1)};
  const PanopticReport report = evaluate(ids, segments, ids, segments);
  EXPECT_THAT(counts(report.classes[0]), ElementsAre(2, 0, 0));
  EXPECT_THAT(counts(report.classes[2]), ElementsAre(1, 0, 0));
  for (const PanopticMeans& means : {report.all, report.things, report.stuff}) {
    EXPECT_EQ(means.scores.pq, 1.0);
    EXPECT_EQ(means.scores.sq, 1.0);
    EXPECT_EQ(means.scores.rq, 1.0);
  }
  EXPECT_EQ(report.all.num_classes, 2);
  EXPECT_FALSE(report.classes[1].scores.pq.has_value());
  EXPECT_EQ(report.notes, PanopticNotes{});
}

TEST(PanopticQuality, HandComputed) {
  // Persons: truth 1 is met with 3/4, truth 2 missed, prediction 12 invented. Sky: 4/5.
  const Ids truth = {1, 1, 1, 2, 2, 2, 4, 4, 4, 4};
  const Ids prediction = {11, 11, 11, 11, 12, 14, 14, 14, 14, 14};
  const PanopticReport report = evaluate(prediction, {predicted(11, kPerson), predicted(12, kPerson), predicted(14, kSky)},
                                         truth, {segment(1, kPerson, 3), segment(2, kPerson, 3), segment(4, kSky, 4)});
  EXPECT_THAT(counts(report.classes[0]), ElementsAre(1, 1, 1));
  EXPECT_DOUBLE_EQ(*report.classes[0].scores.pq, .75 / 2);
  EXPECT_DOUBLE_EQ(*report.classes[0].scores.sq, .75);
  EXPECT_DOUBLE_EQ(*report.classes[0].scores.rq, .5);
  EXPECT_DOUBLE_EQ(*report.stuff.scores.pq, .8);
  EXPECT_DOUBLE_EQ(*report.all.scores.pq, (.375 + .8) / 2);
  EXPECT_DOUBLE_EQ(*report.all.scores.rq, .75);
}

TEST(PanopticQuality, ExactlyHalfIsNoMatch) {
  const Segments truth = {segment(1, kPerson, 2), segment(2, kCar, 2)};
  const PanopticReport half = evaluate({1, 1, 1, 1}, {predicted(1, kPerson)}, {1, 1, 2, 2}, truth);
  EXPECT_THAT(counts(half.classes[0]), ElementsAre(0, 1, 1));
  const PanopticReport more = evaluate({1, 1, 1, 0}, {predicted(1, kPerson)}, {1, 1, 2, 2}, truth);
  EXPECT_THAT(counts(more.classes[0]), ElementsAre(1, 0, 0));
}

TEST(PanopticQuality, OtherCategoriesDontMatch) {
  const PanopticReport report = evaluate({1, 1}, {predicted(1, kCar)}, {1, 1}, {segment(1, kPerson, 2)});
  EXPECT_THAT(counts(report.classes[0]), ElementsAre(0, 0, 1));
  EXPECT_THAT(counts(report.classes[1]), ElementsAre(0, 1, 0));
}

TEST(PanopticQuality, PixelsOnVoidLeaveTheUnion) {
  const PanopticReport report =
      evaluate({1, 1, 1, 1}, {predicted(1, kPerson)}, {0, 5, 5, 6}, {segment(5, kPerson, 2), segment(6, kSky, 1)});
  EXPECT_DOUBLE_EQ(report.classes[0].iou_sum, 2.0 / 3);
}

TEST(PanopticQuality, PredictionMostlyOnVoidIsNoFalsePositive) {
  const Segments truth = {segment(5, kSky, 2)};
  EXPECT_THAT(counts(evaluate({1, 1, 1, 1}, {predicted(1, kPerson)}, {0, 0, 5, 5}, truth).classes[0]), ElementsAre(0, 1, 0))
      << "exactly half";
  EXPECT_THAT(counts(evaluate({1, 1, 1, 0}, {predicted(1, kPerson)}, {0, 0, 5, 5}, truth).classes[0]), ElementsAre(0, 0, 0));
}

TEST(PanopticQuality, CrowdsAbsorbPredictionsOfTheirClass) {
  const Segments truth = {crowd(5, kPerson, 4)};
  EXPECT_THAT(counts(evaluate({1, 1, 1, 1}, {predicted(1, kPerson)}, {5, 5, 5, 5}, truth).classes[0]), ElementsAre(0, 0, 0));
  EXPECT_THAT(counts(evaluate({1, 1, 1, 1}, {predicted(1, kCar)}, {5, 5, 5, 5}, truth).classes[1]), ElementsAre(0, 1, 0));
  // Two thirds on VOID and crowd together.
  EXPECT_THAT(
      counts(
          evaluate({1, 1, 1}, {predicted(1, kPerson)}, {0, 5, 6}, {crowd(5, kPerson, 1), segment(6, kCar, 1)}).classes[0]),
      ElementsAre(0, 0, 0));
}

TEST(PanopticQuality, OnlyTheLastCrowdOfAClassCounts) {
  const Ids prediction = {1, 1, 2, 2}, truth = {5, 5, 6, 6};
  const Segments segments = {predicted(1, kPerson), predicted(2, kPerson)};
  PanopticReport report = evaluate(prediction, segments, truth, {crowd(6, kPerson, 2), crowd(5, kPerson, 2)});
  EXPECT_THAT(counts(report.classes[0]), ElementsAre(0, 1, 0));
  EXPECT_EQ(report.notes.forgotten_crowds, 1);
  report = evaluate(prediction, segments, truth, {crowd(6, kPerson, 2), crowd(5, kCar, 2)});
  EXPECT_THAT(counts(report.classes[0]), ElementsAre(0, 1, 0));
  EXPECT_EQ(report.notes.forgotten_crowds, 0);
}

TEST(PanopticQuality, PredictionOfNothing) {
  const PanopticReport report =
      evaluate({0, 0, 0}, {}, {1, 2, 3}, {segment(1, kPerson, 1), segment(2, kCar, 1), crowd(3, kCar, 1)});
  EXPECT_THAT(counts(report.classes[0]), ElementsAre(0, 0, 1));
  EXPECT_THAT(counts(report.classes[1]), ElementsAre(0, 0, 1));
  EXPECT_EQ(report.things.scores.pq, 0.0);
  EXPECT_EQ(report.things.scores.sq, 0.0);
}

TEST(PanopticQuality, ClassOfFalsePositivesAloneEntersTheMeans) {
  const PanopticReport report =
      evaluate({1, 2}, {predicted(1, kPerson), predicted(2, kCar)}, {1, 2}, {segment(1, kPerson, 1), segment(2, kSky, 1)});
  EXPECT_THAT(counts(report.classes[1]), ElementsAre(0, 1, 0));
  EXPECT_EQ(report.classes[1].scores.pq, 0.0);
  EXPECT_DOUBLE_EQ(*report.things.scores.pq, .5);
  EXPECT_DOUBLE_EQ(*report.things.scores.sq, .5);
  EXPECT_DOUBLE_EQ(*report.all.scores.pq, 1.0 / 3);
}

TEST(PanopticQuality, NothingIsNoNumber) {
  const PanopticReport report = PanopticQuality(categories()).report();
  EXPECT_FALSE(report.all.scores.pq || report.things.scores.sq || report.stuff.scores.rq);
  EXPECT_EQ(report.num_images, 0);
}

TEST(PanopticQuality, UnlistedTruthIsNeitherVoidNorSegment) {
  const PanopticReport report =
      evaluate({1, 1, 1, 2}, {predicted(1, kPerson), predicted(2, kSky)}, {8, 8, 9, 4}, {segment(4, kSky, 1)});
  EXPECT_THAT(counts(report.classes[0]), ElementsAre(0, 1, 0));
  EXPECT_EQ(report.notes.unlisted_truth_ids, 2);
  EXPECT_EQ(report.notes.unlisted_truth_pixels, 3);
  EXPECT_THAT(report.notes.lines(), testing::SizeIs(2));
}

TEST(PanopticQuality, AreaOfTruthsIsTheJsons) {
  const PanopticReport report = evaluate({1, 1}, {predicted(1, kPerson)}, {1, 1}, {segment(1, kPerson, 3)});
  EXPECT_DOUBLE_EQ(report.classes[0].iou_sum, 2.0 / 3);
  EXPECT_EQ(report.notes.truths_of_other_area, 1);
  // Too small an area lets two predictions match, as in panopticapi.
  const PanopticReport twice =
      evaluate({1, 1, 2, 2}, {predicted(1, kPerson), predicted(2, kPerson)}, {1, 1, 1, 1}, {segment(1, kPerson, 2)});
  EXPECT_THAT(counts(twice.classes[0]), ElementsAre(2, 0, 0));
  EXPECT_DOUBLE_EQ(twice.classes[0].iou_sum, 2.0);
}

TEST(PanopticQuality, TruthWithoutPixelsIsMissed) {
  const PanopticReport report = evaluate({1}, {predicted(1, kPerson)}, {1}, {segment(1, kPerson, 1), segment(2, kCar, 4)});
  EXPECT_THAT(counts(report.classes[1]), ElementsAre(0, 0, 1));
  EXPECT_EQ(report.notes.truths_without_pixels, 1);
}

TEST(PanopticQuality, MissingPredictionOnRequest) {
  PanopticQuality quality(categories());
  quality.add_missing("a", Segments{segment(1, kPerson, 5), segment(2, kPerson, 5), crowd(3, kPerson, 9)});
  EXPECT_THAT(counts(quality.report().classes[0]), ElementsAre(0, 0, 2));
  EXPECT_EQ(quality.report().notes.missing_predictions, 1);
}

TEST(PanopticQuality, BadDataNamesImageAndSegment) {
  const Ids ids = {1, 2};
  const Segments both = {segment(1, kPerson, 1), segment(2, kSky, 1)};
  EXPECT_THAT(error_of({1}, both, ids, both),
              HasSubstr("image 7: has a prediction of another size than its truth (got 1 and 2 pixels)"));
  EXPECT_THAT(error_of({1, 77}, both, ids, both),
              HasSubstr("image 7: predicted segment id 77: is in the PNG but not in the JSON"));
  EXPECT_THAT(error_of({1, 1}, both, ids, both),
              HasSubstr("image 7: predicted segment id 2: is in the JSON but has no pixel"));
  EXPECT_THAT(error_of(ids, {predicted(1, kPerson), predicted(2, 99)}, ids, both),
              HasSubstr("image 7: predicted segment id 2: has an unknown category (got 99)"));
  EXPECT_THAT(error_of(ids, both, ids, {segment(1, 99, 1), segment(2, kSky, 1)}),
              HasSubstr("image 7: truth segment id 1: has an unknown category (got 99)"));
  EXPECT_THAT(error_of(ids, {both[0], both[1], both[1]}, ids, both), HasSubstr("predicted segment id 2: is listed twice"));
  EXPECT_THAT(error_of({0, 2}, {predicted(0, kPerson), both[1]}, ids, both), HasSubstr("predicted segment id 0: is VOID's"));
  EXPECT_THAT(error_of(ids, both, ids, {predicted(1, kPerson), both[1]}), HasSubstr("truth segment id 1: has no area"));
  EXPECT_THAT(error_of(ids, both, ids, {segment(1, kPerson, 0), both[1]}), HasSubstr("truth segment id 1: has pixels but"));
  EXPECT_EQ(error_of(ids, both, ids, both), "no error");
}

TEST(PanopticQuality, EveryImageOnceAndFailuresAddNothing) {
  const Ids ids = {1};
  const Segments segments = {segment(1, kPerson, 1)};
  PanopticQuality quality(categories());
  EXPECT_THROW(quality.add("a", {ids, {}}, {ids, segments}), DataError);
  EXPECT_EQ(quality.images().size(), 0u);
  quality.add("a", {ids, segments}, {ids, segments});
  EXPECT_THROW(quality.add("a", {ids, segments}, {ids, segments}), DataError);
  EXPECT_THROW(quality.add_missing("a", segments), DataError);
  PanopticQuality other(categories());
  other.add("b", {ids, segments}, {ids, segments});
  other.add("a", {ids, segments}, {ids, segments});
  EXPECT_THROW(quality.merge(other), DataError);
  EXPECT_THROW(quality.merge_bytes(other.to_bytes()), DataError);
  EXPECT_EQ(quality.images().size(), 1u);
  const std::vector<std::string> expected = {"a", "b"};
  EXPECT_NO_THROW(other.images().expect(expected));
  EXPECT_THROW(quality.images().expect(expected), DataError);
  EXPECT_THROW(other.images().expect(std::span(expected).first(1)), DataError);
}

TEST(PanopticQuality, MergeWantsTheSameCategoriesAndWholeBytes) {
  PanopticQuality quality(categories());
  EXPECT_THROW(quality.merge(PanopticQuality({{kPerson, "person", true}})), std::invalid_argument);
  EXPECT_THROW(quality.merge_bytes(PanopticQuality({}).to_bytes()), std::invalid_argument);
  const std::string bytes = quality.to_bytes();
  EXPECT_THROW(quality.merge_bytes(std::string_view(bytes).substr(0, bytes.size() - 1)), std::invalid_argument);
  EXPECT_THROW(PanopticQuality({{1, "a", true}, {1, "b", true}}), DataError);
}

struct Scene {
  std::string key;
  Ids predicted, truth;
  Segments predicted_segments, truth_segments;
};

Scene random_scene(int number) {
  Rng rng(5, 0, static_cast<uint64_t>(number), RandomOp::kExample);
  Scene scene{.key = "image " + std::to_string(number)};
  for (int i = 0; i < 200; ++i) {
    scene.truth.push_back(static_cast<uint32_t>(1 + i / 40));
    scene.predicted.push_back(rng.uniform() < .7 ? scene.truth.back() : static_cast<uint32_t>(1 + rng.uniform() * 5));
  }
  for (int64_t id = 1; id <= 5; ++id) {
    const int64_t category = std::vector{kPerson, kCar, kSky}[static_cast<size_t>(id % 3)];
    scene.truth_segments.push_back(segment(id, category, 40));
    if (std::ranges::count(scene.predicted, id) > 0) scene.predicted_segments.push_back(predicted(id, category));
  }
  return scene;
}

TEST(PanopticQuality, BitEqualWhateverSplitAndOrder) {
  constexpr int kNumScenes = 40;
  PanopticQuality whole(categories()), forward(categories()), backward(categories());
  std::vector<PanopticQuality> ranks(3, PanopticQuality(categories()));
  for (int i = 0; i < kNumScenes; ++i) {
    const Scene a = random_scene(i), b = random_scene(kNumScenes - 1 - i);
    whole.add(a.key, {a.predicted, a.predicted_segments}, {a.truth, a.truth_segments});
    ranks[static_cast<size_t>(i * i % 3)].add(b.key, {b.predicted, b.predicted_segments}, {b.truth, b.truth_segments});
  }
  for (size_t i = 0; i < 3; ++i) forward.merge(ranks[i]);
  for (size_t i = 3; i-- > 0;) backward.merge_bytes(ranks[i].to_bytes());
  EXPECT_EQ(forward.to_bytes(), whole.to_bytes());
  EXPECT_EQ(backward.to_bytes(), whole.to_bytes());
  EXPECT_EQ(forward.report().all.scores.pq, whole.report().all.scores.pq);
  EXPECT_EQ(backward.report().classes[0].iou_sum, whole.report().classes[0].iou_sum);
  EXPECT_GT(whole.report().classes[0].num_true_positives, 30);
}

TEST(PanopticQuality, ManyIdsInNoise) {
  Ids ids;
  Segments segments;
  for (uint32_t id = 1; id <= 5000; ++id) {
    ids.push_back(id * 2654435761u % 0x1000000 | 1);
    segments.push_back(segment(ids.back(), kPerson, 1));
  }
  std::ranges::sort(ids);
  ASSERT_EQ(std::ranges::unique(ids).size(), 0u);
  EXPECT_THAT(counts(evaluate(ids, segments, ids, segments).classes[0]), ElementsAre(5000, 0, 0));
}

}  // namespace
}  // namespace glid
