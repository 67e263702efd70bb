#include "glid/data/heatmaps.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "glid/core/rng.h"

namespace glid {
namespace {

constexpr HeatmapSize kSize{64, 48};

std::vector<double> doubles(const JointHeatmaps& heatmaps) { return {heatmaps.maps.begin(), heatmaps.maps.end()}; }

TEST(PictureToHeatmap, PutsFirstCentreOnFirstAndLastOnLast) {
  const Affine map = picture_to_heatmap(256, 192, kSize);
  EXPECT_EQ(apply(map, PointXy{0.5, 0.5}), (PointXy{0, 0}));
  EXPECT_NEAR(apply(map, PointXy{191.5, 255.5}).x, 47, 1e-12);
  EXPECT_NEAR(apply(map, PointXy{191.5, 255.5}).y, 63, 1e-12);
}

TEST(DrawHeatmaps, AreGaussiansCutAtThreeSigma) {
  const std::vector<Keypoint> joints{{20.3, 30.8, Visibility::kHidden}, {20, 30, Visibility::kUnlabelled}};
  const JointHeatmaps heatmaps = draw_heatmaps(joints, kSize);
  EXPECT_EQ(heatmaps.weights, (std::vector<float>{1, 0}));
  for (int64_t y = 0; y < 64; ++y) {
    for (int64_t x = 0; x < 48; ++x) {
      const double dx = static_cast<double>(x) - 20.3, dy = static_cast<double>(y) - 30.8;
      const bool inside = std::abs(x - 20) <= 6 && std::abs(y - 31) <= 6;
      ASSERT_NEAR(heatmaps.maps[static_cast<size_t>(y * 48 + x)], inside ? std::exp(-(dx * dx + dy * dy) / 8) : 0, 1e-7);
      ASSERT_EQ(heatmaps.maps[static_cast<size_t>(64 * 48 + y * 48 + x)], 0);
    }
  }
}

// A patch that touches the map has weight, one beside it has none.
TEST(DrawHeatmaps, WeighWhatLiesInside) {
  const std::vector<Keypoint> joints{{-6, 10, Visibility::kVisible}, {-7.6, 10, Visibility::kVisible},
                                     {53, 10, Visibility::kVisible}, {54, 10, Visibility::kVisible},
                                     {10, 69, Visibility::kVisible}, {10, 70, Visibility::kVisible}};
  EXPECT_EQ(draw_heatmaps(joints, kSize).weights, (std::vector<float>{1, 0, 1, 0, 1, 0}));
}

TEST(DecodeHeatmap, FindsWhatWasDrawn) {
  Rng rng(1, 0, 0, RandomOp::kExample);
  for (int i = 0; i < 200; ++i) {
    const Keypoint joint{rng.uniform(8, 39), rng.uniform(8, 55), Visibility::kVisible};
    const ScoredKeypoint found = decode_heatmap(doubles(draw_heatmaps({{joint}}, kSize)), kSize);
    EXPECT_NEAR(found.x, joint.x, 0.02);
    EXPECT_NEAR(found.y, joint.y, 0.02);
    EXPECT_GT(found.score, 0.9);
  }
}

TEST(DecodeHeatmap, TellsOfNothing) {
  const std::vector<double> nothing(64 * 48, -0.5);
  const ScoredKeypoint found = decode_heatmap(nothing, kSize);
  EXPECT_EQ(found.x, -1);
  EXPECT_EQ(found.y, -1);
  EXPECT_EQ(found.score, -0.5);
  const std::vector<double> flat(64 * 48, 0.5);  // no peak: the first cell, without a step
  EXPECT_EQ(decode_heatmap(flat, kSize).x, 0);
}

TEST(PoseScore, AveragesCertainJoints) {
  EXPECT_DOUBLE_EQ(pose_score(std::vector<ScoredKeypoint>{{0, 0, 0.9}, {0, 0, 0.2}, {0, 0, 0.3}}, 0.5), 0.3);
  EXPECT_EQ(pose_score(std::vector<ScoredKeypoint>{{0, 0, 0.1}}, 0.5), 0);
}

}  // namespace
}  // namespace glid
