#include "glid/data/augment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "glid/core/error.h"

namespace glid {

void PrintTo(const PictureSize& size, std::ostream* out) { *out << size.height << " x " << size.width; }

namespace {

using testing::ElementsAre;

PictureSize size_of(const Placement& placement) { return {placement.height(), placement.width()}; }

// detectron2's ResizeShortestEdge.get_output_shape, by its own code.
TEST(ShortestEdge, RoundsAsDetectron2) {
  EXPECT_EQ(shortest_edge({480, 640}, 640, 2560), (PictureSize{640, 853}));
  EXPECT_EQ(shortest_edge({683, 512}, 640, 2560), (PictureSize{854, 640}));  // 853.75
  EXPECT_EQ(shortest_edge({512, 683}, 320, 2560), (PictureSize{320, 427}));  // 426.875
  EXPECT_EQ(shortest_edge({300, 1500}, 1280, 2560), (PictureSize{512, 2560}));
  EXPECT_EQ(shortest_edge({1333, 211}, 640, 2560), (PictureSize{2560, 405}));
  EXPECT_EQ(shortest_edge({640, 640}, 640, 2560), (PictureSize{640, 640}));
  EXPECT_EQ(shortest_edge({1, 100000}, 640, 2560), (PictureSize{1, 2560}));
}

// DETR's get_size_with_aspect_ratio, by its own code.
TEST(ShortestEdgeOfDetr, RoundsAsDetr) {
  EXPECT_EQ(shortest_edge_of_detr({480, 640}, 800, 1333), (PictureSize{800, 1066}));   // 1066.67
  EXPECT_EQ(shortest_edge_of_detr({640, 427}, 800, 1333), (PictureSize{1199, 800}));   // 1199.06
  EXPECT_EQ(shortest_edge_of_detr({640, 360}, 800, 1333), (PictureSize{1333, 750}));   // 749.8
  EXPECT_EQ(shortest_edge_of_detr({375, 1242}, 800, 1333), (PictureSize{402, 1331}));  // 402.48
  EXPECT_EQ(shortest_edge_of_detr({3, 8}, 100, 20), (PictureSize{8, 21}));             // 7.5 to the even 8
  EXPECT_EQ(shortest_edge_of_detr({5, 16}, 100, 24), (PictureSize{8, 25}));
  EXPECT_EQ(shortest_edge_of_detr({800, 1200}, 800, 1333), (PictureSize{800, 1200}));
  EXPECT_EQ(shortest_edge_of_detr({100, 500}, 600, std::nullopt), (PictureSize{600, 3000}));
}

TEST(RandomPart, StaysInThePictureAndReachesItsBorders) {
  Rng rng(1, 0, 0, RandomOp::kCrop);
  EXPECT_EQ(random_part({5, 9}, {5, 10}, rng), (CropBox{0, 0, 5, 9}));
  std::set<int64_t> tops, lefts;
  for (int i = 0; i < 300; ++i) {
    const CropBox box = random_part({8, 12}, {6, 9}, rng);
    EXPECT_EQ((PictureSize{box.height, box.width}), (PictureSize{6, 9}));
    tops.insert(box.top);
    lefts.insert(box.left);
  }
  EXPECT_THAT(tops, ElementsAre(0, 1, 2));
  EXPECT_THAT(lefts, ElementsAre(0, 1, 2, 3));
}

TEST(ScaledCrop, WithoutSizesIsASquare) {
  EXPECT_EQ(size_of(ScaledCrop{}.training({30, 70}, {1, 0, 0}, 24)), (PictureSize{24, 24}));
  EXPECT_EQ(size_of(ScaledCrop{}.evaluation({30, 70}, 24)), (PictureSize{24, 24}));
  EXPECT_EQ(size_of(ScaledOrCropped{}.training({30, 70}, {1, 0, 0}, 24)), (PictureSize{24, 24}));
  EXPECT_EQ(size_of(ScaledOrCropped{}.evaluation({30, 70}, 24)), (PictureSize{24, 24}));
}

TEST(ScaledCrop, DrawsASizeAndAPart) {
  const ScaledCrop pictures{.sizes = {32, 64, 128}, .max_size = 256, .crop = {{64, 64}}};
  std::map<PictureSize, int, decltype([](const PictureSize& a, const PictureSize& b) {
             return std::pair{a.height, a.width} < std::pair{b.height, b.width};
           })>
      drawn;
  int mirrored = 0;
  for (int64_t id = 0; id < 600; ++id) {
    const Placement placement = pictures.training({100, 150}, {1, 2, id}, 64);
    EXPECT_EQ(placement, pictures.training({100, 150}, {1, 2, id}, 64));
    ++drawn[size_of(placement)];
    mirrored += placement.is_mirrored();
  }
  EXPECT_EQ(drawn.size(), 2);
  EXPECT_NEAR((drawn[{32, 48}]), 200, 50);  // smaller than the part: as it is
  EXPECT_NEAR((drawn[{64, 64}]), 400, 50);
  EXPECT_NEAR(mirrored, 300, 55);
  EXPECT_NE(pictures.training({100, 150}, {1, 2, 3}, 64), pictures.training({100, 150}, {1, 3, 3}, 64));
}

// Of an image twice as wide as high: it fits into the frame, times anything from a tenth to twice, and no side is larger
// than the frame's.
TEST(ScaleJitter, FitsIntoTheFrameTimesAFactorAndCutsToIt) {
  const ScaleJitter jitter{.jitter = {{0.1, 2}}, .jitter_size = {40, 60}};
  const ScaledCrop masks{.max_size = 133, .jitter = jitter};
  const ScaledOrCropped boxes{.jitter = jitter};
  std::set<int64_t> heights, lefts;
  int cut = 0, mirrored = 0;
  for (int64_t id = 0; id < 800; ++id) {
    const Placement placement = masks.training({100, 200}, {1, 2, id}, 24);
    EXPECT_EQ(placement, masks.training({100, 200}, {1, 2, id}, 24));
    EXPECT_LE(placement.height(), 40);
    EXPECT_LE(placement.width(), 60);
    const double zoom = std::sqrt(std::abs(placement.to_picture().determinant()));
    EXPECT_GE(zoom, 0.3 * 0.1 - 0.003);  // 60 / 200
    EXPECT_LE(zoom, 0.3 * 2 + 0.003);
    heights.insert(placement.height());
    mirrored += placement.is_mirrored();
    for (const Placement::Step& step : placement.steps())
      if (const auto* box = std::get_if<CropBox>(&step.operation); box != nullptr && box->width < step.width)
        ++cut, lefts.insert(box->left);
    const PictureSize size = size_of(boxes.training({100, 200}, {1, 2, id}, 24));
    EXPECT_TRUE(size.height <= 40 && size.width <= 60);
  }
  EXPECT_EQ(*heights.begin(), 3);
  EXPECT_EQ(*heights.rbegin(), 40);
  EXPECT_NEAR(cut, 800 * 1 / 1.9, 60);  // factors above 1
  EXPECT_GT(lefts.size(), 40u);
  EXPECT_NEAR(mirrored, 400, 60);
  EXPECT_EQ(masks.evaluation({100, 200}, 40), Placement(100, 200).resize(40, 80));  // not a square
  EXPECT_EQ(boxes.evaluation({100, 200}, 40), Placement(100, 200).resize(40, 80));
}

TEST(ScaledCrop, IsMeasuredInSeveralSizes) {
  const ScaledCrop pictures{.sizes = {32, 64}, .max_size = 256};
  EXPECT_EQ(pictures.evaluation({100, 150}, 64, 0.5), Placement(100, 150).resize(32, 48));
  EXPECT_EQ(pictures.evaluation({100, 150}, 64, 1.75), Placement(100, 150).resize(112, 168));
  EXPECT_EQ(pictures.evaluation({10, 100}, 64, 1.75), Placement(10, 100).resize(45, 448));
  EXPECT_EQ(ScaledCrop{}.evaluation({10, 100}, 64, 1.25), Placement(10, 100).resize(80, 80));
}

TEST(ScaledCrop, IsMeasuredWhole) {
  const ScaledCrop pictures{.sizes = {32, 64}, .max_size = 256, .crop = {{64, 64}}};
  EXPECT_EQ(pictures.evaluation({100, 150}, 64), Placement(100, 150).resize(64, 96));
  EXPECT_EQ(pictures.evaluation({64, 96}, 64), Placement(64, 96));
}

TEST(ScaledCrop, DoesNotMirrorWhereItMustNot) {
  for (int64_t id = 0; id < 20; ++id) {
    EXPECT_FALSE((ScaledCrop{.flip = false}.training({10, 10}, {1, 0, id}, 10).is_mirrored()));
    EXPECT_FALSE((ScaledOrCropped{.flip = false}.training({10, 10}, {1, 0, id}, 10).is_mirrored()));
  }
}

// Half of the pictures are whole, with the image's own shape.
TEST(ScaledOrCropped, CutsHalfOfThePictures) {
  const ScaledOrCropped pictures{.sizes = {48, 80}, .max_size = 133, .cut_sizes = {40, 60}, .cut = {38, 60}};
  int cut = 0;
  for (int64_t id = 0; id < 400; ++id) {
    const Placement placement = pictures.training({300, 400}, {1, 0, id}, 80);
    EXPECT_EQ(placement, pictures.training({300, 400}, {1, 0, id}, 80));
    const PictureSize size = size_of(placement);
    EXPECT_LE(std::max(size.height, size.width), 133);
    EXPECT_THAT(std::min(size.height, size.width), testing::AnyOf(48, 80));
    CropBox part;
    for (const Placement::Step& step : placement.steps())
      if (const auto* box = std::get_if<CropBox>(&step.operation)) part = *box;
    if (part.height == 0) continue;
    ++cut;
    EXPECT_GE(std::min(part.height, part.width), 38);
    EXPECT_LE(std::max(part.height, part.width), 60);
  }
  EXPECT_NEAR(cut, 200, 45);
}

// The least side of a part is no reason to stop where the picture is smaller.
TEST(ScaledOrCropped, TakesAllOfASideThatIsTooShort) {
  const ScaledOrCropped pictures{.sizes = {48}, .max_size = 1000, .cut_sizes = {20}, .cut = {38, 60}};
  for (int64_t id = 0; id < 20; ++id)
    EXPECT_EQ(std::min(pictures.training({300, 400}, {1, 0, id}, 80).height(), int64_t{48}), 48);
}

TEST(ScaledOrCropped, IsMeasuredWhole) {
  const ScaledOrCropped pictures{.sizes = {480, 800}};
  EXPECT_EQ(pictures.evaluation({480, 640}, 800), Placement(480, 640).resize(800, 1066));
  EXPECT_EQ(pictures.evaluation({800, 1200}, 800), Placement(800, 1200));
}

TEST(ScaledOrCropped, RefusesASliver) {
  const ScaledOrCropped pictures{.sizes = {480}};
  const auto place_all = [&] {
    for (int64_t id = 0; id < 20; ++id) pictures.training({4, 100000}, {1, 0, id}, 800);
  };
  EXPECT_THROW(place_all(), DataError);
}

}  // namespace
}  // namespace glid
