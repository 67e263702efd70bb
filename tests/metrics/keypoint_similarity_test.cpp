#include "glid/metrics/keypoint_similarity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace glid {
namespace {

const std::vector<double> kSigmas = {.1, .2};

TEST(KeypointSimilarity, MeanOverVisibleJoints) {
  const std::vector<double> joints = {10, 10, 2, 20, 20, 1};
  // Distances 3 and 4 from the first joint: 25 / (2 * (.2)^2 * 100) = 3.125; the second is met.
  EXPECT_NEAR(keypoint_similarity(std::vector<double>{13, 14, 0, 20, 20, 0}, {joints, {}, 100}, kSigmas),
              (std::exp(-3.125) + 1) / 2, 1e-14);
  const std::vector<double> one_hidden = {10, 10, 2, 0, 0, 0};
  EXPECT_NEAR(keypoint_similarity(std::vector<double>{13, 14, 1, 99, 99, 1}, {one_hidden, {}, 100}, kSigmas),
              std::exp(-3.125), 1e-14);
}

TEST(KeypointSimilarity, TheSameJointsGiveOneWhateverTheArea) {
  const std::vector<double> joints = {10, 10, 2, 20, 20, 1};
  EXPECT_EQ(keypoint_similarity(joints, {joints, {}, 100}, kSigmas), 1);
  EXPECT_EQ(keypoint_similarity(joints, {joints, {}, 0}, kSigmas), 1);
}

TEST(KeypointSimilarity, WithoutAreaAnyDistanceIsTooFar) {
  const std::vector<double> joints = {10, 10, 2, 20, 20, 1};
  EXPECT_EQ(keypoint_similarity(std::vector<double>{11, 10, 2, 20, 21, 1}, {joints, {}, 0}, kSigmas), 0);
}

TEST(KeypointSimilarity, WithoutVisibleJointsTheEnlargedBoxDecides) {
  const std::vector<double> hidden(6, 0.);
  const KeypointTruth truth{hidden, {100, 100, 10, 20}, 50};  // enlarged: x 90 to 120, y 80 to 140
  EXPECT_EQ(keypoint_similarity(std::vector<double>{90, 80, 2, 120, 140, 2}, truth, kSigmas), 1);
  // The first is 3 left of it and 4 above, 25 / (2 * .04 * 50) = 6.25; the second is 2 right, 4 / (2 * .16 * 50) = .25.
  EXPECT_NEAR(keypoint_similarity(std::vector<double>{87, 76, 2, 122, 100, 2}, truth, kSigmas),
              (std::exp(-6.25) + std::exp(-.25)) / 2, 1e-14);
}

TEST(KeypointSimilarity, RefusesOtherNumbersOfJoints) {
  const std::vector<double> two(6, 1.), three(9, 1.);
  EXPECT_THROW(keypoint_similarity(three, {two, {}, 1}, kSigmas), std::invalid_argument);
  EXPECT_THROW(keypoint_similarity(two, {three, {}, 1}, kSigmas), std::invalid_argument);
}

TEST(PoseSimilarity, IsTheMeanOverAllJointsAtTheMeanArea) {
  const EstimatedPose a{{0, 0, 1, 5, 5, 0}, 1, 50}, b{{3, 4, 1, 5, 5, 1}, 1, 150};
  EXPECT_NEAR(pose_similarity(a, b, kSigmas), (std::exp(-25 / (2 * .04 * 100)) + 1) / 2, 1e-14);
  EXPECT_THROW(pose_similarity(a, {{1, 1, 1}, 1, 1}, kSigmas), std::invalid_argument);
}

// The second is nearly the first; the third lies apart; the fourth is like the second, which is gone, but not like the
// first.
TEST(SurvivingPoses, GoByScore) {
  const std::vector<EstimatedPose> poses{{{0, 0, 1, 9, 9, 1}, .5, 100},
                                         {{1, 0, 1, 9, 9, 1}, .4, 100},
                                         {{60, 0, 1, 90, 9, 1}, .9, 100},
                                         {{2.2, 0, 1, 9, 9, 1}, .3, 100}};
  EXPECT_EQ(surviving_poses(poses, kSigmas, .9), (std::vector<size_t>{2, 0, 3}));
  EXPECT_EQ(surviving_poses(poses, kSigmas, 1), (std::vector<size_t>{2, 0, 1, 3}));
  EXPECT_TRUE(surviving_poses({}, kSigmas, .9).empty());
}

}  // namespace
}  // namespace glid
