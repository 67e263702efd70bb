#include "glid/geometry/box.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "glid/core/rng.h"

namespace glid {
namespace {

using testing::ElementsAre;

Box random_box(Rng& rng) {
  const double x = rng.uniform(0, 20), y = rng.uniform(0, 20);
  return {x, y, x + rng.uniform(0, 10), y + rng.uniform(0, 10)};
}

TEST(Box, FormsConvertIntoEachOther) {
  const Box corners{10, 20, 30, 50};
  EXPECT_EQ(to_xywh(corners), (BoxXywh{10, 20, 20, 30}));
  EXPECT_EQ(to_corners(BoxXywh{10, 20, 20, 30}), corners);
  const BoxCxcywh centred = to_cxcywh(corners, 100, 200);
  EXPECT_EQ(centred.cx, 0.1);
  EXPECT_EQ(centred.cy, 0.35);
  EXPECT_EQ(centred.width, 0.1);
  EXPECT_EQ(centred.height, 0.3);
  const Box back = to_corners(centred, 100, 200);
  EXPECT_NEAR(back.x0, 10, 1e-12);
  EXPECT_NEAR(back.y0, 20, 1e-12);
  EXPECT_NEAR(back.x1, 30, 1e-12);
  EXPECT_NEAR(back.y1, 50, 1e-12);
}

TEST(Box, ClipKeepsThePartInside) {
  EXPECT_EQ(clip({-5, 3, 8, 30}, 20, 6), (Box{0, 3, 6, 20}));
  EXPECT_EQ(iou(clip({7, 3, 8, 4}, 20, 6), {0, 0, 6, 20}), 0);  // outside: nothing is left
}

TEST(CocoIou, ByHand) {
  const BoxXywh detection{0, 0, 10, 10}, truth{5, 0, 10, 20};
  EXPECT_EQ(coco_iou(detection, truth, false), 50.0 / 250.0);
  EXPECT_EQ(coco_iou(detection, truth, true), 50.0 / 100.0);
  EXPECT_EQ(coco_iou(truth, detection, true), 50.0 / 200.0);
  EXPECT_EQ(coco_iou(detection, detection, false), 1);
}

TEST(CocoIou, TouchingEmptyAndNegativeBoxesHaveNoOverlap) {
  const BoxXywh box{0, 0, 10, 10};
  EXPECT_EQ(coco_iou(box, {10, 0, 10, 10}, false), 0);
  EXPECT_EQ(coco_iou(box, {0, 10, 10, 10}, false), 0);
  EXPECT_EQ(coco_iou({5, 5, 0, 0}, box, false), 0);
  EXPECT_EQ(coco_iou({5, 5, -2, 3}, box, false), 0);
  EXPECT_EQ(coco_iou({5, 5, -2, -3}, box, true), 0);
  EXPECT_EQ(coco_iou({}, {}, false), 0);
}

TEST(Iou, ByHand) {
  EXPECT_EQ(iou({0, 0, 2, 2}, {1, 1, 3, 3}), 1.0 / 7.0);
  EXPECT_EQ(iou({0, 0, 2, 2}, {3, 3, 1, 1}), 0);  // empty
  EXPECT_EQ(iou({1, 1, 1, 1}, {1, 1, 1, 1}), 0);
}

TEST(Giou, ByHand) {
  EXPECT_DOUBLE_EQ(giou({0, 0, 2, 2}, {1, 1, 3, 3}), 1.0 / 7.0 - 2.0 / 9.0);
  EXPECT_DOUBLE_EQ(giou({0, 0, 1, 1}, {3, 0, 4, 1}), -0.5);  // apart: minus the empty share of the hull
  EXPECT_EQ(giou({0, 0, 2, 2}, {0, 0, 2, 2}), 1);
  EXPECT_EQ(giou({1, 1, 1, 1}, {1, 1, 1, 1}), 0);
}

TEST(Giou, LiesBetweenMinusOneAndIou) {
  Rng rng(1, 0, 0, RandomOp::kExample);
  for (int i = 0; i < 1000; ++i) {
    const Box a = random_box(rng), b = random_box(rng);
    EXPECT_LE(giou(a, b), iou(a, b));
    EXPECT_GT(giou(a, b), -1);
    EXPECT_EQ(giou(a, b), giou(b, a));
  }
}

TEST(Nms, ByHand) {
  const std::vector<Box> boxes{{0, 0, 10, 10}, {0, 0, 10, 5}, {20, 0, 30, 10}, {0, 0, 10, 10}};
  const std::vector<double> scores{0.5, 0.9, 0.1, 0.5};
  EXPECT_THAT(nms(boxes, scores, 0.4), ElementsAre(1, 2));
  EXPECT_THAT(nms(boxes, scores, 0.5), ElementsAre(1, 0, 2));   // an IoU at the threshold stays
  EXPECT_THAT(nms(boxes, scores, 1), ElementsAre(1, 0, 3, 2));  // equal scores in input order
  EXPECT_TRUE(nms({}, {}, 0.5).empty());
}

// Kept means: no kept box of a higher rank overlaps.
TEST(Nms, IsTheGreedyRule) {
  Rng rng(2, 0, 0, RandomOp::kExample);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<Box> boxes;
    std::vector<double> scores;
    for (int i = 0; i < 30; ++i) {
      boxes.push_back(random_box(rng));
      scores.push_back(static_cast<double>(rng.below(8)));
    }
    const auto kept = nms(boxes, scores, 0.3);
    const auto ranks_before = [&](size_t a, size_t b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); };
    for (size_t i = 0; i < boxes.size(); ++i) {
      const bool is_dropped = std::any_of(kept.begin(), kept.end(),
                                          [&](size_t k) { return ranks_before(k, i) && iou(boxes[i], boxes[k]) > 0.3; });
      EXPECT_EQ(std::count(kept.begin(), kept.end(), i), is_dropped ? 0 : 1);
    }
    EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(), ranks_before));
  }
}

TEST(Nms, RefusesNanAndOtherSizes) {
  const std::vector<Box> boxes(2);
  const std::vector<double> nan{0, std::numeric_limits<double>::quiet_NaN()}, one{1};
  EXPECT_THROW(nms(boxes, nan, 0.5), std::invalid_argument);
  EXPECT_THROW(nms(boxes, one, 0.5), std::invalid_argument);
}

}  // namespace
}  // namespace glid
