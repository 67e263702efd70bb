#include "glid/data/scenes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "glid/data/placement.h"

namespace glid {
namespace {

constexpr int64_t kSize = 64;
constexpr int kScenes = 60;

size_t index(int64_t x, int64_t y) { return static_cast<size_t>(y * kSize + x); }

TEST(Scenes, AreFunctionsOfSeedAndId) {
  const Sample scene = draw_scene(1, 2, kSize);
  EXPECT_EQ(scene.image, draw_scene(1, 2, kSize).image);
  EXPECT_EQ(scene.targets.depth, draw_scene(1, 2, kSize).targets.depth);
  EXPECT_NE(scene.image, draw_scene(1, 3, kSize).image);
  EXPECT_NE(scene.image, draw_scene(2, 2, kSize).image);
}

TEST(Scenes, BoxesAreThoseOfTheMasks) {
  for (int id = 0; id < kScenes; ++id) {
    const Targets targets = draw_scene(1, id, kSize).targets;
    for (const Instance& instance : targets.instances) {
      const std::vector<uint8_t> mask = mask_from_rle(instance.mask);
      Box box{1e9, 1e9, -1e9, -1e9};
      for (int64_t y = 0; y < kSize; ++y) {
        for (int64_t x = 0; x < kSize; ++x) {
          if (mask[index(x, y)] == 0) continue;
          const auto left = static_cast<double>(x), top = static_cast<double>(y);
          box = {std::min(box.x0, left), std::min(box.y0, top), std::max(box.x1, left + 1), std::max(box.y1, top + 1)};
        }
      }
      ASSERT_EQ(box.x0, instance.box.x0);
      ASSERT_EQ(box.y0, instance.box.y0);
      ASSERT_EQ(box.x1, instance.box.x1);
      ASSERT_EQ(box.y1, instance.box.y1);
    }
  }
}

// Masks don't overlap; nearer instances come later; what no mask covers is background, which is a plane behind all.
TEST(Scenes, DepthIsThatOfTheNearestSurface) {
  for (int id = 0; id < kScenes; ++id) {
    const Targets targets = draw_scene(1, id, kSize).targets;
    std::vector<int> owners(kSize * kSize, 0);
    float farthest_allowed = 5.0f;
    for (const Instance& instance : targets.instances) {
      const std::vector<uint8_t> mask = mask_from_rle(instance.mask);
      float nearest = 100, farthest = 0;
      for (size_t i = 0; i < owners.size(); ++i) {
        if (mask[i] == 0) continue;
        ASSERT_EQ(owners[i]++, 0);
        nearest = std::min(nearest, targets.depth[i]);
        farthest = std::max(farthest, targets.depth[i]);
      }
      ASSERT_GE(nearest, 1.0f);
      ASSERT_LE(farthest, farthest_allowed);
      farthest_allowed = nearest;
    }
    for (int64_t y = 0; y < kSize; ++y) {
      for (int64_t x = 1; x + 1 < kSize; ++x) {
        if (owners[index(x - 1, y)] + owners[index(x, y)] + owners[index(x + 1, y)] > 0) continue;
        const auto& depth = targets.depth;
        ASSERT_GE(depth[index(x, y)], 6.0f);
        ASSERT_NEAR(depth[index(x - 1, y)] + depth[index(x + 1, y)], 2 * depth[index(x, y)], 1e-4);
      }
    }
  }
}

TEST(Scenes, KeypointsLieOnTheirObject) {
  int visible = 0, hidden = 0;
  for (int id = 0; id < kScenes; ++id) {
    for (const Instance& instance : draw_scene(1, id, kSize).targets.instances) {
      ASSERT_EQ(instance.keypoints.size(), static_cast<size_t>(kSceneKeypoints));
      const std::vector<uint8_t> mask = mask_from_rle(instance.mask);
      for (const Keypoint& point : instance.keypoints) {
        const auto x = static_cast<int64_t>(std::floor(point.x)), y = static_cast<int64_t>(std::floor(point.y));
        const bool in_image = x >= 0 && y >= 0 && x < kSize && y < kSize;
        ASSERT_EQ(point.visibility, !in_image                ? Visibility::kUnlabelled
                                    : mask[index(x, y)] == 1 ? Visibility::kVisible
                                                             : Visibility::kHidden);
        ++(point.visibility == Visibility::kVisible ? visible : hidden);
      }
    }
  }
  EXPECT_GT(visible, 300);
  EXPECT_GT(hidden, 50);
}

TEST(Scenes, EveryClassComesAndTheLabelIsTheLargest) {
  std::set<int64_t> classes;
  for (int id = 0; id < kScenes; ++id) {
    const Targets targets = draw_scene(1, id, kSize).targets;
    ASSERT_TRUE(targets.label.has_value());
    int64_t largest = 0;
    std::set<int64_t> largest_classes;
    for (const Instance& instance : targets.instances) {
      classes.insert(instance.category);
      const auto area = static_cast<int64_t>(rle_area(instance.mask));
      ASSERT_GT(area, 0);
      ASSERT_EQ(static_cast<double>(area), instance.area);
      if (area > largest) largest_classes.clear();
      largest = std::max(largest, area);
      if (area == largest) largest_classes.insert(instance.category);
    }
    EXPECT_TRUE(largest_classes.contains(*targets.label));
  }
  EXPECT_EQ(classes.size(), kSceneClasses.size());
}

TEST(Scenes, LabelsAreThoseOfTheMasks) {
  for (int id = 0; id < kScenes; ++id) {
    const Targets targets = draw_scene(1, id, kSize).targets;
    std::vector<uint16_t> expected(kSize * kSize, 0);
    for (const Instance& instance : targets.instances) {
      const std::vector<uint8_t> mask = mask_from_rle(instance.mask);
      for (size_t i = 0; i < mask.size(); ++i)
        if (mask[i] == 1) expected[i] = static_cast<uint16_t>(instance.category + 1);
    }
    ASSERT_EQ(targets.semantic, expected);
  }
}

TEST(Scenes, SplitsAreDisjointAndFingerprinted) {
  const Scenes train({1, 40, kSize}, Split::kTrain), val({1, 40, kSize}, Split::kVal);
  EXPECT_EQ(train.size(), 40);
  EXPECT_EQ(val.size(), 4);
  for (int64_t id = 0; id < 4; ++id) EXPECT_NE(train.get(id).image, val.get(id).image);
  EXPECT_EQ(train.get(3).image, draw_scene(1, 3, kSize).image);
  EXPECT_EQ(train.get(3).name, train.name(3));
  std::set<uint64_t> prints = {train.fingerprint().names, val.fingerprint().names};
  prints.insert(Scenes({2, 40, kSize}, Split::kTrain).fingerprint().names);
  prints.insert(Scenes({1, 41, kSize}, Split::kTrain).fingerprint().names);
  prints.insert(Scenes({1, 40, 96}, Split::kTrain).fingerprint().names);
  EXPECT_EQ(prints.size(), 5u);
  EXPECT_EQ(train.fingerprint(), Scenes({1, 40, kSize}, Split::kTrain).fingerprint());
}

// The segments are the semantic classes, object by object.
TEST(Scenes, SegmentsAndLabelsAgree) {
  for (const SceneKind kind : {SceneKind::kPlain, SceneKind::kClasses, SceneKind::kFigures}) {
    for (int64_t id = 0; id < 10; ++id) {
      const Targets targets = draw_scene(1, id, kSize, kind).targets;
      std::map<uint32_t, int64_t> category;
      for (const SegmentInfo& segment : targets.panoptic.segments) category[segment.id] = segment.category;
      std::set<uint32_t> seen(targets.panoptic.ids.begin(), targets.panoptic.ids.end());
      EXPECT_EQ(seen.size(), category.size());
      for (size_t i = 0; i < targets.semantic.size(); ++i)
        ASSERT_EQ(category.at(targets.panoptic.ids[i]), targets.semantic[i]) << id;
    }
  }
}

double hue_of(const uint8_t* rgb) {
  const double r = rgb[0], g = rgb[1], b = rgb[2];
  return std::atan2(std::sqrt(3.0) * (g - b), 2 * r - g - b) * 180 / M_PI;
}

// Hue alone tells the class of a pixel inside of an object.
TEST(Scenes, ClassesAreToldByTheirHue) {
  constexpr std::array<double, 6> kHues = {0, 55, 120, 180, 235, 300};
  int64_t right = 0, all = 0;
  std::set<int64_t> classes;
  for (int64_t id = 0; id < 60; ++id) {
    const Sample scene = draw_scene(1, id, kSize, SceneKind::kClasses);
    ASSERT_GE(scene.targets.instances.size(), 1u);
    ASSERT_LE(scene.targets.instances.size(), 4u);
    for (const Instance& instance : scene.targets.instances) {
      classes.insert(instance.category);
      EXPECT_EQ(instance.box, to_corners(rle_box(instance.mask)));
    }
    for (size_t i = 0; i < scene.targets.semantic.size(); ++i) {
      if (scene.targets.semantic[i] == 0) continue;
      const double hue = hue_of(scene.image.pixels.data() + 3 * i);
      const auto distance = [&](double other) { return std::abs(std::remainder(hue - other, 360)); };
      const auto nearest = std::ranges::min_element(kHues, {}, distance) - kHues.begin();
      right += nearest + 1 == scene.targets.semantic[i];
      ++all;
    }
  }
  EXPECT_EQ(classes.size(), 6u);
  EXPECT_GT(static_cast<double>(right), 0.97 * static_cast<double>(all));  // edges are blended
}

TEST(Scenes, AFigureHasItsJointsAndTwoSides) {
  const Scenes figures({.count = 40, .size_px = 96, .kind = SceneKind::kFigures}, Split::kTrain);
  const Vocabulary& vocabulary = figures.vocabulary();
  ASSERT_EQ(vocabulary.joints.size(), kFigureJoints.size());
  const std::vector<int64_t> mirrored = mirrored_joints(vocabulary.joints);
  EXPECT_EQ(mirrored, (std::vector<int64_t>{0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11}));
  for (int64_t id = 0; id < 40; ++id) {
    const Targets targets = figures.get(id).targets;
    ASSERT_EQ(targets.instances.size(), 1u);
    const std::vector<Keypoint>& joints = targets.instances[0].keypoints;
    ASSERT_EQ(joints.size(), kFigureJoints.size());
    EXPECT_LT(joints[2].x, joints[1].x);  // seen from the front, its right shoulder is at the left
    EXPECT_LT(joints[0].y, joints[7].y);  // upright: head above hips
    int64_t num_visible = 0;
    for (const Keypoint& joint : joints) num_visible += joint.visibility == Visibility::kVisible;
    EXPECT_GE(num_visible, 9);
  }
}

TEST(Scenes, KindsAreSetsOfTheirOwn) {
  std::set<uint64_t> prints;
  for (const SceneKind kind : {SceneKind::kPlain, SceneKind::kClasses, SceneKind::kFigures, SceneKind::kMirrorFigures})
    prints.insert(Scenes({.count = 40, .size_px = kSize, .kind = kind}, Split::kTrain).fingerprint().names);
  EXPECT_EQ(prints.size(), 4u);
}

}  // namespace
}  // namespace glid
