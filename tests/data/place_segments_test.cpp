#include <gtest/gtest.h>

#include <set>

#include "glid/core/rng.h"
#include "glid/data/placement.h"

namespace glid {
namespace {

// As labels do; those that lose all pixels are no segments any more, outside there is none.
TEST(PlaceTargets, SegmentsMoveAsLabels) {
  Targets targets;
  Rng rng(7, 0, 99, RandomOp::kExample);
  for (int i = 0; i < 9 * 11; ++i) {
    targets.semantic.push_back(static_cast<uint16_t>(rng.below(200)));
    targets.panoptic.ids.push_back(targets.semantic.back() + 1000u);
  }
  for (uint32_t id = 1200; id-- > 1000;) targets.panoptic.segments.push_back({id, id % 7, id % 2 == 0});
  Placement placement(9, 11);
  placement.crop({1, 2, 6, 8}).resize(4, 9).flip().warp(Affine::translation(2, 0), 4, 9);
  const Targets placed = place_targets(targets, placement, {});
  std::set<uint32_t> ids;
  for (size_t i = 0; i < placed.semantic.size(); ++i) {
    const bool is_outside = placed.semantic[i] == kIgnoreLabel;
    ASSERT_EQ(placed.panoptic.ids[i], is_outside ? 0 : placed.semantic[i] + 1000u);
    if (!is_outside) ids.insert(placed.panoptic.ids[i]);
  }
  std::vector<SegmentInfo> expected;
  for (const SegmentInfo& segment : targets.panoptic.segments)
    if (ids.contains(segment.id)) expected.push_back(segment);
  EXPECT_GT(expected.size(), 5u);
  EXPECT_EQ(placed.panoptic.segments, expected);
}

}  // namespace
}  // namespace glid
