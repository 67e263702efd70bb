#include "glid/metrics/detection_confusion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace glid {
namespace {

// Objects are intervals of length 1 that begin at `place`; two are as similar as they overlap.
struct Thing {
  double place;
  int32_t category;
  double score = 1;
  bool is_crowd = false;
};

void add(DetectionConfusion& confusion, const std::vector<Thing>& truths, const std::vector<Thing>& found) {
  std::vector<ApTruth> plain_truths;
  for (const Thing& t : truths)
    plain_truths.push_back({.category = t.category, .is_crowd = t.is_crowd, .is_ignored = t.is_crowd});
  std::vector<ApDetection> detections;
  for (const Thing& d : found) detections.push_back({.score = d.score, .category = d.category});
  confusion.add({0, plain_truths, detections,
                 [&](size_t d, size_t t) { return std::max(0.0, 1 - std::abs(found[d].place - truths[t].place)); }});
}

constexpr int64_t kBackground = 2;

TEST(DetectionConfusion, CountsFoundTakenForAnotherMissedAndMadeUp) {
  DetectionConfusion confusion(2);
  add(confusion, {{0, 0}, {10, 0}, {20, 1}}, {{0.1, 0}, {10.1, 1}, {30, 1}});
  EXPECT_EQ(confusion.at(0, 0), 1);
  EXPECT_EQ(confusion.at(0, 1), 1) << "the right place, another class";
  EXPECT_EQ(confusion.at(1, kBackground), 1) << "missed";
  EXPECT_EQ(confusion.at(kBackground, 1), 1) << "made up";
  EXPECT_EQ(confusion.at(kBackground, kBackground), 0);
}

TEST(DetectionConfusion, PairsTheMostSimilarWhateverTheirScores) {
  DetectionConfusion confusion(2);
  add(confusion, {{0, 0}}, {{0.4, 1, 0.9}, {0.1, 0, 0.3}});
  EXPECT_EQ(confusion.at(0, 0), 1);
  EXPECT_EQ(confusion.at(0, 1), 0);
  EXPECT_EQ(confusion.at(kBackground, 1), 1) << "one truth, one detection";
}

TEST(DetectionConfusion, BothThresholdsMustBeExceeded) {
  DetectionConfusion confusion(2);
  add(confusion, {{0, 0}}, {{0, 0, 0.25}});
  EXPECT_EQ(confusion.at(0, kBackground), 1);
  EXPECT_EQ(confusion.at(kBackground, 0), 0) << "a detection of a low score is none";
  add(confusion, {{0, 0}}, {{0.6, 0}});
  EXPECT_EQ(confusion.at(0, kBackground), 2);
  EXPECT_EQ(confusion.at(kBackground, 0), 1);
}

TEST(DetectionConfusion, WhatLiesInACrowdDoesNotCount) {
  DetectionConfusion confusion(2);
  add(confusion, {{0, 0, 1, true}}, {{0, 0}, {0.1, 1}, {5, 1}});
  EXPECT_EQ(confusion.at(0, kBackground), 0);
  EXPECT_EQ(confusion.at(kBackground, 0), 0);
  EXPECT_EQ(confusion.at(kBackground, 1), 1);
}

TEST(DetectionConfusion, PartsAddUp) {
  DetectionConfusion one(2), other(2);
  add(one, {{0, 0}}, {{0, 0}});
  add(other, {{0, 0}}, {{0, 1}});
  one.merge(other);
  EXPECT_EQ(one.at(0, 0), 1);
  EXPECT_EQ(one.at(0, 1), 1);
  EXPECT_THROW(one.merge(DetectionConfusion(3)), std::invalid_argument);
}

}  // namespace
}  // namespace glid
