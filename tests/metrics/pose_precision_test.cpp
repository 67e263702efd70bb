#include "glid/metrics/pose_precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "glid/core/error.h"
#include "glid/core/json.h"
#include "glid/core/rng.h"
#include "glid/metrics/coco_ap.h"

namespace glid {
namespace {

constexpr int64_t kImages = 12;
constexpr size_t kJoints = 2;

ApParameters parameters() {
  ApParameters p = ap_parameters(ApProtocol::kCoco, CocoKind::kKeypoint);
  p.keypoint_sigmas = {.05, .1};
  return p;
}

double value(const std::vector<MetricValue>& values, const std::string& name) {
  return std::ranges::find(values, name, &MetricValue::name)->value.value();
}

// Images of up to three persons in places of their own, some a crowd or without joints, most found more or less well.
struct RandomPoses {
  RandomPoses() {
    Rng rng(2, 0, 0, RandomOp::kExample);
    for (int64_t image = 0; image < kImages; ++image) {
      truths.emplace_back();
      results.emplace_back();
      for (int64_t i = 0; i < image % 4; ++i) add(image, static_cast<double>(150 * i), rng);
      for (PersonResult& person : results.back()) person.of_image = std::ssize(results.back());
    }
  }
  void add(int64_t image, double x, Rng& rng) {
    const double size = rng.uniform(40, 140), visible = rng.uniform() < .8 ? 2 : 0;
    AnnotatedPose truth{
        {x + 10, 20, visible, x + size, size, 2 * visible}, {x, 5, size, size}, size * size * .5, rng.uniform() < .1};
    EstimatedPose pose{{}, rng.uniform(), size * size};
    for (size_t j = 0; j < kJoints; ++j)
      pose.joints.insert(pose.joints.end(),
                         {truth.joints[3 * j] + 3 * rng.normal(), truth.joints[3 * j + 1], rng.uniform()});
    truths.back().push_back(std::move(truth));
    results.back().push_back({num_samples++, image, 0, pose, std::ssize(truths.back()) - 1});
  }

  std::vector<std::vector<AnnotatedPose>> truths;
  std::vector<std::vector<PersonResult>> results;
  int64_t num_samples = 0;
};

Json array(const std::vector<double>& values) { return Json::Array(values.begin(), values.end()); }
Json array(const BoxXywh& box) { return array(std::vector<double>{box.x, box.y, box.width, box.height}); }

Json annotation_of(const AnnotatedPose& truth, int64_t image, int64_t id) {
  Json json = Json::object();
  json.set("id", id).set("image_id", image).set("category_id", 1).set("iscrowd", truth.is_crowd ? 1 : 0);
  json.set("area", truth.area).set("bbox", array(truth.box)).set("keypoints", array(truth.joints));
  return json.set("num_keypoints", truth.joints[2] > 0 ? 2 : 0);
}

std::string truth_file(const RandomPoses& all) {
  Json::Array images, annotations;
  for (int64_t image = 0; image < kImages; ++image) {
    images.push_back(Json::object().set("id", image).set("height", 300).set("width", 500));
    for (const AnnotatedPose& t : all.truths[static_cast<size_t>(image)])
      annotations.push_back(annotation_of(t, image, std::ssize(annotations) + 1));
  }
  Json categories = Json::Array{Json::object().set("id", 1).set("name", "person").set("keypoints", Json::Array{"a", "b"})};
  Json json = Json::object();
  json.set("images", std::move(images)).set("annotations", std::move(annotations));
  return json.set("categories", std::move(categories)).dump();
}

std::string result_file(const RandomPoses& all) {
  Json::Array results;
  for (const auto& of_image : all.results) {
    for (const PersonResult& person : of_image) {
      Json json = Json::object();
      json.set("image_id", person.image).set("category_id", 1).set("score", person.pose->score);
      results.push_back(json.set("keypoints", array(person.pose->joints)));
    }
  }
  return Json(std::move(results)).dump();
}

TEST(PosePrecision, EqualsThatOfFiles) {
  const RandomPoses all;
  PosePrecision metric(parameters());
  for (size_t i = 0; i < all.results.size(); ++i)
    for (const PersonResult& person : all.results[i]) metric.add(person, all.truths[i]);
  const CocoIndex truth = CocoIndex::parse(truth_file(all), "truth");
  const CocoResults results = parse_coco_results(result_file(all), "results", truth, CocoKind::kKeypoint);
  const std::vector<MetricValue> values = metric.values(), expected = evaluate_coco(truth, results, {parameters()}).numbers;
  ASSERT_EQ(values.size(), expected.size() + 1);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(values[i].name, expected[i].name);
    EXPECT_EQ(values[i].value, expected[i].value) << expected[i].name;
  }
  EXPECT_THAT(value(values, "AP"), testing::AllOf(testing::Gt(.2), testing::Lt(.95)));
}

TEST(PosePrecision, IsThatOfAllPersonsWhereverTheyAre) {
  const RandomPoses all;
  PosePrecision together(parameters()), even(parameters()), odd(parameters());
  for (size_t i = 0; i < all.results.size(); ++i) {
    for (const PersonResult& person : all.results[i]) {
      together.add(person, all.truths[i]);
      (person.id % 2 == 0 ? even : odd).add(person, all.truths[i]);
    }
  }
  const std::string half = odd.to_bytes();
  odd.merge_bytes(even.to_bytes());
  even.merge_bytes(half);
  EXPECT_EQ(odd.to_bytes(), together.to_bytes());
  EXPECT_EQ(even.to_bytes(), together.to_bytes());
  EXPECT_THROW(even.merge_bytes(half), DataError);
  EXPECT_EQ(even.to_bytes(), together.to_bytes());
  ApParameters others = parameters();
  others.keypoint_sigmas = {.1, .1};
  EXPECT_THROW(PosePrecision(others).merge_bytes(half), std::invalid_argument);
}

const AnnotatedPose kTruth{{10, 10, 2, 40, 90, 1}, {0, 0, 50, 100}, 4000, false};
EstimatedPose off_by(double dx, double score) { return {{10 + dx, 10, 1, 40, 90, 1}, score, 9000}; }

// Without suppression the second would count as a false alarm ahead of the other image's person.
TEST(PosePrecision, DropsRepeatedPosesOfAnImage) {
  PosePrecision metric(parameters());
  metric.add({.id = 0, .image = 0, .of_image = 2, .pose = off_by(0, .9), .truth = 0}, {kTruth});
  metric.add({.id = 1, .image = 0, .of_image = 2, .pose = off_by(.5, .8)}, {kTruth});
  metric.add({.id = 2, .image = 1, .pose = off_by(0, .7), .truth = 0}, {kTruth});
  EXPECT_EQ(metric.poses_of(0).size(), 1u);
  EXPECT_DOUBLE_EQ(value(metric.values(), "AP"), 1);
  EXPECT_THROW(metric.add({.id = 2, .image = 1, .pose = off_by(0, .7)}, {kTruth}), DataError);
}

TEST(PosePrecision, LeavesImagesOutOfWhichAPersonIsMissing) {
  PosePrecision metric(parameters());
  metric.add({.id = 0, .image = 0, .of_image = 2, .pose = off_by(60, .9), .truth = 0}, {kTruth});
  metric.add({.id = 2, .image = 1, .pose = off_by(0, .7), .truth = 0}, {kTruth});
  EXPECT_DOUBLE_EQ(value(metric.values(), "AP"), 1);
  EXPECT_EQ(metric.num_images(), 1);
  EXPECT_FALSE(metric.is_whole(0));
  EXPECT_TRUE(metric.is_whole(1));
  EXPECT_FALSE(metric.is_whole(5));
}

TEST(PosePrecision, CountsPersonsOfImagesWithoutABoxAsMissed) {
  PosePrecision metric(parameters());
  metric.add({.id = 0, .image = 0}, {kTruth});
  metric.add({.id = 2, .image = 1, .pose = off_by(0, .7)}, {kTruth});
  const std::vector<MetricValue> values = metric.values();
  EXPECT_EQ(value(values, "AR"), .5);
  EXPECT_EQ(std::ranges::find(values, "PCK@0.1", &MetricValue::name)->value,
            std::nullopt);  // whom they are about is unknown
}

// A tenth of 100 px, the end inside.
TEST(PosePrecision, CountsCorrectJoints) {
  AnnotatedPose one_joint = kTruth;
  one_joint.joints[5] = 0;
  PosePrecision metric(parameters());
  metric.add({.id = 0, .image = 0, .pose = off_by(10, .9), .truth = 0}, {kTruth});
  metric.add({.id = 1, .image = 1, .pose = off_by(10.5, .9), .truth = 0}, {kTruth});
  metric.add({.id = 2, .image = 2, .pose = off_by(11, .9), .truth = 0}, {one_joint});
  EXPECT_DOUBLE_EQ(value(metric.values(), "PCK@0.1"), 3.0 / 5);
}

// Persons whose truth nobody knows, the same pose twice, and an image of which a person is missing count as they do when
// every copy of an image is matched for itself.
TEST(PosePrecision, OfASampleOfImagesIsThatOfTheirCopies) {
  RandomPoses all;
  all.results[7][0].pose = all.results[7][1].pose;
  all.results[6][1].truth.reset();
  all.results[5][0].of_image = 2;
  const auto add_copy = [&](PosePrecision& metric, size_t image, int64_t copy) {
    for (PersonResult person : all.results[image]) {
      person.image = 100 * person.image + copy;
      person.id = 100 * person.id + copy;
      metric.add(person, all.truths[image]);
    }
  };
  std::vector<size_t> whole;  // in the order of the keys
  PosePrecision once(parameters());
  for (size_t image = 0; image < all.results.size(); ++image) {
    add_copy(once, image, 0);
    if (!all.results[image].empty() && image != 5) whole.push_back(image);
  }
  ASSERT_EQ(once.keys().size(), whole.size());
  for (uint64_t sample = 0; sample < 20; ++sample) {
    Rng rng(3, 0, sample, RandomOp::kBootstrap);
    std::vector<int32_t> times(whole.size());
    for (size_t i = 0; i < times.size(); ++i) ++times[rng.below(times.size())];
    PosePrecision copies(parameters());
    add_copy(copies, 5, 0);
    for (size_t i = 0; i < times.size(); ++i)
      for (int64_t copy = 0; copy < times[i]; ++copy) add_copy(copies, whole[i], copy);
    const std::vector<MetricValue> got = once.values_of(times), expected = copies.values();
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].value.has_value(), expected[i].value.has_value()) << got[i].name;
      EXPECT_NEAR(got[i].value.value_or(0), expected[i].value.value_or(0), 1e-12) << got[i].name;
    }
  }
}

}  // namespace
}  // namespace glid
