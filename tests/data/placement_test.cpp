#include "glid/data/placement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "glid/core/rng.h"
#include "glid/data/scenes.h"

namespace glid {
namespace {

constexpr int64_t kSize = 64;
constexpr int kScenes = 20;

Rng make_rng(uint64_t what) { return {7, 0, what, RandomOp::kExample}; }

int64_t drawn_below(Rng& rng, int64_t bound) { return static_cast<int64_t>(rng.below(static_cast<uint64_t>(bound))); }

Image noise(int64_t height, int64_t width) {
  Rng rng = make_rng(static_cast<uint64_t>(height * width));
  Image image = Image::filled(height, width, 0);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(rng.below(256));
  return image;
}

Targets noisy_labels(int64_t height, int64_t width) {
  Rng rng = make_rng(static_cast<uint64_t>(height * width));
  Targets targets;
  for (int64_t i = 0; i < height * width; ++i) {
    targets.semantic.push_back(static_cast<uint16_t>(rng.below(200)));
    targets.depth.push_back(static_cast<float>(rng.uniform(1, 10)));
  }
  return targets;
}

std::vector<int64_t> scene_mirror() {
  const std::vector<std::string> joints(kSceneJoints.begin(), kSceneJoints.end());
  return mirrored_joints(joints);
}

CropBox draw_crop(const Placement& placement, Rng& rng) {
  const int64_t height = 1 + drawn_below(rng, placement.height()), width = 1 + drawn_below(rng, placement.width());
  return {drawn_below(rng, placement.height() - height + 1), drawn_below(rng, placement.width() - width + 1), height, width};
}

void expect_same(const Targets& a, const Targets& b) {
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.semantic, b.semantic);
  EXPECT_EQ(a.depth, b.depth);
  ASSERT_EQ(a.instances.size(), b.instances.size());
  for (size_t i = 0; i < a.instances.size(); ++i) {
    EXPECT_EQ(a.instances[i].id, b.instances[i].id);
    EXPECT_EQ(a.instances[i].category, b.instances[i].category);
    EXPECT_EQ(a.instances[i].box, b.instances[i].box);
    EXPECT_EQ(a.instances[i].mask, b.instances[i].mask);
    EXPECT_EQ(a.instances[i].area, b.instances[i].area);
    for (size_t k = 0; k < a.instances[i].keypoints.size(); ++k) {
      const Keypoint &p = a.instances[i].keypoints[k], &q = b.instances[i].keypoints.at(k);
      EXPECT_NEAR(p.x, q.x, 1e-9);
      EXPECT_NEAR(p.y, q.y, 1e-9);
      EXPECT_EQ(p.visibility, q.visibility);
    }
  }
}

void expect_same_scene(const Placement& placement) {
  for (int64_t id = 0; id < kScenes; ++id) {
    const Sample scene = draw_scene(1, id, kSize);
    EXPECT_EQ(place_image(scene.image, placement, Filter::kBicubic), scene.image);
    expect_same(place_targets(scene.targets, placement, scene_mirror()), scene.targets);
  }
}

TEST(Placement, WhatChangesNothingChangesNothing) {
  const Placement none(kSize, kSize);
  expect_same_scene(none);
  expect_same_scene(Placement(none).flip().flip());
  expect_same_scene(Placement(none).crop({0, 0, kSize, kSize}).resize(kSize, kSize));
  expect_same_scene(Placement(none).warp({}, kSize, kSize));
  EXPECT_FALSE(Placement(none).flip().flip().is_mirrored());
  EXPECT_TRUE(Placement(none).flip().is_mirrored());
}

TEST(Placement, LeadsThereAndBack) {
  Rng rng = make_rng(0);
  for (int i = 0; i < 200; ++i) {
    Placement placement(20 + drawn_below(rng, 2000), 20 + drawn_below(rng, 2000));
    placement.crop(draw_crop(placement, rng)).resize(1 + drawn_below(rng, 900), 1 + drawn_below(rng, 900));
    if (i % 2 == 0) placement.flip();
    if (i % 3 == 0) placement.warp(Affine::rotation(rng.uniform(-80, 80), {100, 50}), 200, 300);
    placement.crop(draw_crop(placement, rng));
    const PointXy point = {rng.uniform(0, 2000), rng.uniform(0, 2000)};
    const PointXy back = apply(placement.to_original(), apply(placement.to_picture(), point));
    ASSERT_NEAR(back.x, point.x, 1e-9);
    ASSERT_NEAR(back.y, point.y, 1e-9);
    if (i % 3 == 0) continue;  // a rotated box has no way back
    const Box box = {3.25, 7.5, 18.75, 12.125};
    const Box box_back = apply(placement.to_original(), apply(placement.to_picture(), box));
    ASSERT_NEAR(box_back.x0, box.x0, 1e-9);
    ASSERT_NEAR(box_back.y0, box.y0, 1e-9);
    ASSERT_NEAR(box_back.x1, box.x1, 1e-9);
    ASSERT_NEAR(box_back.y1, box.y1, 1e-9);
  }
}

TEST(Placement, RefusesWhatCanNotBe) {
  Placement placement(10, 20);
  EXPECT_THROW(Placement(0, 20), std::invalid_argument);
  EXPECT_THROW(Placement(int64_t{1} << 40, int64_t{1} << 40), std::invalid_argument);
  EXPECT_THROW(placement.crop({-1, 0, 5, 5}), std::invalid_argument);
  EXPECT_THROW(placement.crop({6, 0, 5, 5}), std::invalid_argument);
  EXPECT_THROW(placement.crop({0, 16, 5, 5}), std::invalid_argument);
  EXPECT_THROW(placement.crop({0, 0, 0, 5}), std::invalid_argument);
  EXPECT_THROW(placement.resize(5, 0), std::invalid_argument);
  EXPECT_THROW(placement.warp(Affine::scaling(0, 1), 5, 5), std::invalid_argument);
  EXPECT_THROW(place_image(noise(20, 10), placement, Filter::kBilinear), std::invalid_argument);
  EXPECT_THROW(place_targets(noisy_labels(10, 19), placement, {}), std::invalid_argument);
  Targets targets;
  targets.instances.push_back({.box = {0, 0, 5, 5}, .mask = {20, 10, {200}}});
  EXPECT_THROW(place_targets(targets, placement, {}), std::invalid_argument);
  EXPECT_EQ(placement, Placement(10, 20));  // what was refused left no trace
}

TEST(Placement, RefusesMirroredKeypointsWithoutTheirNames) {
  Targets targets;
  targets.instances.push_back({.box = {0, 0, 5, 5}, .keypoints = {{1, 2, Visibility::kVisible}}});
  EXPECT_THROW(place_targets(targets, Placement(10, 20).flip(), {}), std::invalid_argument);
  EXPECT_EQ(place_targets(targets, Placement(10, 20), {}).instances.size(), 1u);
}

Image cut(const Image& image, const CropBox& box) {
  Image out{box.height, box.width, {}};
  for (int64_t y = box.top; y < box.top + box.height; ++y)
    out.pixels.insert(out.pixels.end(), image.row(y) + 3 * box.left, image.row(y) + 3 * (box.left + box.width));
  return out;
}

Image mirrored(const Image& image) {
  Image out = image;
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x)
      for (int64_t c = 0; c < 3; ++c) out.row(y)[3 * x + c] = image.row(y)[3 * (image.width - 1 - x) + c];
  return out;
}

TEST(PlaceImage, IsItsStepsOneByOne) {
  const Image image = noise(50, 70);
  const CropBox first = {3, 5, 40, 31}, second = {10, 2, 8, 19};
  for (const Filter filter : {Filter::kBilinear, Filter::kBicubic}) {
    const Placement placement = Placement(50, 70).crop(first).resize(24, 37).flip().crop(second).resize(9, 50);
    const Image middle = cut(mirrored(resize(cut(image, first), 24, 37, filter)), second);
    EXPECT_EQ(place_image(image, placement, filter), resize(middle, 9, 50, filter));
  }
}

TEST(PlaceImage, OneColumnAndOneRow) {
  EXPECT_EQ(place_image(noise(5, 1), Placement(5, 1).flip(), Filter::kBilinear), noise(5, 1));
  EXPECT_EQ(place_image(noise(1, 8), Placement(1, 8).flip(), Filter::kBilinear), mirrored(noise(1, 8)));
}

TEST(PlaceImage, AQuarterTurnMovesWholePixels) {
  const Image image = noise(9, 9);
  const Placement turn = Placement(9, 9).warp(Affine::rotation(90, {4.5, 4.5}), 9, 9);
  const Image turned = place_image(image, turn, Filter::kBilinear);
  for (int64_t y = 0; y < 9; ++y)
    for (int64_t x = 0; x < 9; ++x) ASSERT_EQ(turned.row(x)[3 * (8 - y)], image.row(y)[3 * x]);
}

TEST(PlaceImage, WarpsBlendNeighbours) {
  Image image = noise(1, 3);
  for (int64_t x = 0; x < 3; ++x) image.row(0)[3 * x] = static_cast<uint8_t>(std::array{100, 200, 41}[x]);
  // A quarter of a pixel to the right and one more column: its centre lies outside.
  const Placement shift = Placement(1, 3).warp(Affine::translation(0.25, 0), 1, 4);
  const Image shifted = place_image(image, shift, Filter::kBilinear);
  EXPECT_EQ(shifted.row(0)[0], 100);
  EXPECT_EQ(shifted.row(0)[3], 175);
  EXPECT_EQ(shifted.row(0)[6], 81);  // 80.75
  EXPECT_EQ(shifted.row(0)[9], 0);
}

// What was cut away doesn't come back when the rest is turned, neither in the image nor in the maps.
TEST(PlaceImage, AWarpSeesOnlyWhatIsLeft) {
  const Placement placement =
      Placement(40, 40).crop({10, 10, 20, 20}).warp(Affine::rotation(45, {10, 10}), 20, 20).flip().resize(40, 40);
  const Image image = place_image(Image::filled(40, 40, 50), placement, Filter::kBilinear);
  Targets targets = noisy_labels(40, 40);
  targets.instances.push_back({.box = {0, 0, 40, 40}, .mask = rle_from_mask(std::vector<uint8_t>(1600, 1), 40, 40)});
  const Targets placed = place_targets(targets, placement, {});
  const std::vector<uint8_t> mask = mask_from_rle(placed.instances.at(0).mask);
  EXPECT_EQ(image.row(0)[0], 0);
  EXPECT_EQ(placed.semantic[0], kIgnoreLabel);
  EXPECT_EQ(placed.depth[0], 0);
  EXPECT_EQ(mask[0], 0);
  EXPECT_EQ(image.row(20)[3 * 20], 50);
  EXPECT_NE(placed.semantic[20 * 40 + 20], kIgnoreLabel);
  EXPECT_EQ(mask[20 * 40 + 20], 1);
  for (size_t i = 0; i < mask.size(); ++i) ASSERT_EQ(mask[i] == 0, placed.depth[i] == 0);
}

TEST(PlaceTargets, MapsAreThoseOfTheNearestPixel) {
  Rng rng = make_rng(1);
  const int64_t height = 37, width = 53;
  const Targets targets = noisy_labels(height, width);
  for (int i = 0; i < 50; ++i) {
    Placement placement(height, width);
    const CropBox box = draw_crop(placement, rng);
    const int64_t out_height = 1 + drawn_below(rng, 90), out_width = 1 + drawn_below(rng, 90);
    placement.crop(box).resize(out_height, out_width);
    if (i % 2 == 0) placement.flip();
    const Targets placed = place_targets(targets, placement, {});
    for (int64_t y = 0; y < out_height; ++y) {
      for (int64_t x = 0; x < out_width; ++x) {
        const int64_t column = i % 2 == 0 ? out_width - 1 - x : x;
        const int64_t from_y = box.top + (2 * y + 1) * box.height / (2 * out_height);
        const int64_t from_x = box.left + (2 * column + 1) * box.width / (2 * out_width);
        const auto from = static_cast<size_t>(from_y * width + from_x), to = static_cast<size_t>(y * out_width + x);
        ASSERT_EQ(placed.semantic[to], targets.semantic[from]);
        ASSERT_EQ(placed.depth[to], targets.depth[from]);
      }
    }
  }
}

// Crops and flips move whole pixels: maps and pixels go the same way, however many there are.
TEST(PlaceTargets, MapsGoWhereThePixelsGo) {
  Rng rng = make_rng(2);
  const Image image = noise(60, 50);
  Targets targets;
  for (size_t i = 0; i < image.pixels.size(); i += 3) targets.semantic.push_back(image.pixels[i]);
  for (int i = 0; i < 30; ++i) {
    Placement placement(60, 50);
    for (int step = 0; step < 3; ++step) placement.crop(draw_crop(placement, rng)).flip();
    const Image picture = place_image(image, placement, Filter::kBicubic);
    std::vector<uint16_t> expected;
    for (size_t k = 0; k < picture.pixels.size(); k += 3) expected.push_back(picture.pixels[k]);
    ASSERT_EQ(place_targets(targets, placement, {}).semantic, expected);
  }
}

// Several steps are one lookup: shrinking and growing again loses nothing that has a whole pixel left.
TEST(PlaceTargets, StepsAreOneLookup) {
  const Targets targets = noisy_labels(30, 40);
  const Placement there_and_back = Placement(30, 40).resize(7, 9).resize(30, 40);
  EXPECT_EQ(place_targets(targets, there_and_back, {}).semantic, targets.semantic);
}

// Every class has one instance or more: its pixels are those of its masks before and after.
TEST(PlaceTargets, MasksLabelsAndDepthsStayTogether) {
  const Placement placement = Placement(kSize, kSize).crop({5, 9, 50, 41}).resize(77, 90).flip();
  for (int64_t id = 0; id < kScenes; ++id) {
    const Targets scene = draw_scene(1, id, kSize).targets;
    const Targets placed = place_targets(scene, placement, scene_mirror());
    std::vector<uint16_t> semantic(placed.semantic.size(), 0);
    for (const Instance& instance : placed.instances) {
      ASSERT_EQ(instance.mask.height, 77);
      ASSERT_EQ(instance.mask.width, 90);
      const std::vector<uint8_t> mask = mask_from_rle(instance.mask);
      for (size_t i = 0; i < mask.size(); ++i)
        if (mask[i] != 0) semantic[i] = static_cast<uint16_t>(instance.category + 1);
    }
    ASSERT_EQ(semantic, placed.semantic);
    for (size_t i = 0; i < semantic.size(); ++i) ASSERT_EQ(semantic[i] == 0, placed.depth[i] > 5.0f);
  }
}

bool lies_in(const Box& part, const Box& whole, double margin_px) {
  return part.x0 >= whole.x0 - margin_px && part.y0 >= whole.y0 - margin_px && part.x1 <= whole.x1 + margin_px &&
         part.y1 <= whole.y1 + margin_px;
}

// Where nothing shrinks, and so no row or column of a mask is passed over.
TEST(PlaceTargets, BoxesHoldTheirMasks) {
  int whole = 0, cut = 0;
  const CropBox crop = {8, 12, 40, 44};
  const Box window = {12, 8, 56, 48};
  for (const auto& [height, width] : {std::pair{80, 88}, {40, 44}, {61, 95}}) {
    const Placement placement = Placement(kSize, kSize).crop(crop).resize(height, width).flip();
    for (int64_t id = 0; id < kScenes; ++id) {
      const Targets scene = draw_scene(1, id, kSize).targets;
      for (const Instance& instance : place_targets(scene, placement, scene_mirror()).instances) {
        const Box tight = to_corners(rle_box(instance.mask));
        if (rle_area(instance.mask) == 0) continue;
        ASSERT_TRUE(lies_in(tight, instance.box, 1)) << id;
        const Box& before = scene.instances.at(static_cast<size_t>(instance.id - 1)).box;
        const bool is_whole = lies_in(before, window, 0);
        whole += is_whole, cut += !is_whole;
        ASSERT_TRUE(!is_whole || lies_in(instance.box, tight, 1)) << id;
      }
    }
  }
  EXPECT_GT(whole, 20);
  EXPECT_GT(cut, 20);
}

TEST(PlaceTargets, InstancesOutsideGoAndAreasFollow) {
  Targets targets;
  targets.instances.push_back({.id = 1, .box = {0, 0, 10, 10}, .area = 70});
  targets.instances.push_back({.id = 2, .box = {20, 10, 40, 30}, .area = 200});  // touches the crop from its right
  targets.instances.push_back({.id = 3, .box = {15, 10, 25, 20}, .area = 90});   // half of it is left
  targets.instances.push_back({.id = 4, .box = {12, 15, 12, 25}, .area = 0});    // without area
  const Placement placement = Placement(50, 50).crop({7, 11, 20, 9}).resize(60, 21);
  const Targets placed = place_targets(targets, placement, {});
  ASSERT_EQ(placed.instances.size(), 1u);
  EXPECT_EQ(placed.instances[0].id, 3);
  EXPECT_NEAR(placed.instances[0].area, 90.0 / 2 * 3 * 21 / 9, 1e-9);
  EXPECT_NEAR(placed.instances[0].box.x0, 4 * 21.0 / 9, 1e-9);
  EXPECT_EQ(placed.instances[0].box.x1, 21);
  EXPECT_NEAR(placed.instances[0].box.y0, 9, 1e-9);
  EXPECT_NEAR(placed.instances[0].box.y1, 39, 1e-9);
  EXPECT_TRUE(placed.instances[0].mask.counts.empty());
}

// At twice the size a point and its pixel are cut by the same borders.
TEST(PlaceTargets, VisibleKeypointsLieOnTheirMask) {
  int visible = 0, lost = 0;
  const Placement placement = Placement(kSize, kSize).crop({8, 12, 40, 44}).resize(80, 88).flip();
  for (int64_t id = 0; id < kScenes; ++id) {
    for (const Instance& instance : place_targets(draw_scene(1, id, kSize).targets, placement, scene_mirror()).instances) {
      const std::vector<uint8_t> mask = mask_from_rle(instance.mask);
      for (const Keypoint& point : instance.keypoints) {
        lost += point.visibility == Visibility::kUnlabelled;
        if (point.visibility != Visibility::kVisible) continue;
        ASSERT_EQ(mask.at(static_cast<size_t>(std::floor(point.y) * 88 + std::floor(point.x))), 1) << id;
        ++visible;
      }
    }
  }
  EXPECT_GT(visible, 50);
  EXPECT_GT(lost, 20);
}

std::vector<Keypoint> placed_keypoints(const std::vector<Keypoint>& keypoints, const Placement& placement,
                                       std::span<const int64_t> mirrored) {
  Targets targets;
  targets.instances.push_back({.box = {0, 0, 1000, 1000}, .keypoints = keypoints});
  return place_targets(targets, placement, mirrored).instances.at(0).keypoints;
}

TEST(PlaceTargets, KeypointsOnTheBorderStay) {
  const std::vector<Keypoint> corners = {{0, 0, Visibility::kVisible}, {53, 37, Visibility::kHidden}};
  const Placement placement = Placement(37, 53).resize(111, 17).flip();
  const std::vector<int64_t> in_order = {0, 1};
  const std::vector<Keypoint> expected = {{17, 0, Visibility::kVisible}, {0, 111, Visibility::kHidden}};
  EXPECT_EQ(placed_keypoints(corners, placement, in_order), expected);
}

TEST(PlaceTargets, KeypointsOutsideAreUnlabelled) {
  const std::vector<Keypoint> points = {{5, 5, Visibility::kVisible}, {30, 5, Visibility::kVisible}, {}};
  const std::vector<Keypoint> placed = placed_keypoints(points, Placement(50, 50).crop({0, 0, 20, 20}), {});
  EXPECT_EQ(placed[0], points[0]);
  EXPECT_EQ(placed[1], (Keypoint{30, 5, Visibility::kUnlabelled}));
  EXPECT_EQ(placed[2], Keypoint{});
}

TEST(PlaceTargets, AMirrorTurnsLeftToRight) {
  const std::vector<std::string> joints = {"nose", "left_eye", "right_eye"};
  const std::vector<Keypoint> person = {
      {5, 4, Visibility::kVisible}, {7, 3, Visibility::kVisible}, {3, 3, Visibility::kHidden}};
  const std::vector<Keypoint> expected = {
      {5, 4, Visibility::kVisible}, {7, 3, Visibility::kHidden}, {3, 3, Visibility::kVisible}};
  const std::vector<int64_t> mirror = mirrored_joints(joints);
  EXPECT_EQ(placed_keypoints(person, Placement(10, 10).flip(), mirror), expected);
  EXPECT_EQ(placed_keypoints(person, Placement(10, 10).flip().flip(), mirror), person);
  EXPECT_EQ(placed_keypoints(person, Placement(10, 10).warp({-1, 0, 10, 0, 1, 0}, 10, 10), mirror), expected);
}

TEST(MirroredJoints, AreFoundByName) {
  const std::vector<std::string> coco = {"nose",          "left_eye",       "right_eye",  "left_ear",    "right_ear",
                                         "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist",
                                         "right_wrist",   "left_hip",       "right_hip",  "left_knee",   "right_knee",
                                         "left_ankle",    "right_ankle"};
  EXPECT_EQ(mirrored_joints(coco), (std::vector<int64_t>{0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15}));
  EXPECT_EQ(scene_mirror(), (std::vector<int64_t>{0, 3, 2, 1, 4}));
  EXPECT_EQ(mirrored_joints(std::vector<std::string>{"left_paw", "leftover", "rightover"}), (std::vector<int64_t>{0, 1, 2}));
}

// The warp of pose networks (mmpose's UDP: the centres of the first and the last pixel are 0 and size - 1) as an Affine.
TEST(PlaceImage, APersonsBoxFillsThePicture) {
  const Box person = {100, 40, 160, 120};
  const Affine index_of_pixel = Affine::translation(-0.5, -0.5);
  const Affine box_to_picture = then(Affine::translation(-person.x0, -person.y0), Affine::scaling(191.0 / 60, 255.0 / 80));
  const Affine map = then(then(index_of_pixel, box_to_picture), index_of_pixel.inverse());
  const Placement placement = Placement(200, 300).warp(map, 256, 192);
  const PointXy first = apply(placement.to_original(), PointXy{0.5, 0.5}),
                last = apply(placement.to_original(), PointXy{191.5, 255.5});
  EXPECT_NEAR(first.x, 100.5, 1e-9);
  EXPECT_NEAR(first.y, 40.5, 1e-9);
  EXPECT_NEAR(last.x, 160.5, 1e-9);
  EXPECT_NEAR(last.y, 120.5, 1e-9);
  const Image image = noise(200, 300);
  const Image picture = place_image(image, placement, Filter::kBilinear);
  EXPECT_EQ(picture.row(0)[0], image.row(40)[3 * 100]);
  EXPECT_EQ(picture.row(255)[3 * 191], image.row(120)[3 * 160]);
}

}  // namespace
}  // namespace glid
