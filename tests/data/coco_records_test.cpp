#include "glid/data/coco_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/formats/coco_json.h"

namespace glid {
namespace {

using testing::Each;
using testing::SizeIs;

// An object of a class that has joints may have been kept without them.
TEST(CocoRecords, JointsThatAreNotKnownAreUnlabelled) {
  const std::vector<CocoClass> classes{{7, "person", {"head", "foot"}, {{0, 1}}}};
  Instance known{.box = {0, 0, 4, 4}, .area = 16}, unknown = known;
  known.keypoints = {{1.5, 2.5, Visibility::kVisible}, {3.5, 0.5, Visibility::kHidden}};
  const std::vector<Instance> instances{known, unknown};
  const std::string file = coco_file({coco_part({int64_t{1}, "a.png", 8, 8}, instances, classes)}, classes);
  const CocoIndex index = CocoIndex::parse(file, "file");
  ASSERT_THAT(index.annotations(), SizeIs(2));
  EXPECT_THAT(index.keypoints(index.annotations()[0]), testing::ElementsAre(1, 2, 2, 3, 0, 1));
  EXPECT_THAT(index.keypoints(index.annotations()[1]), testing::AllOf(SizeIs(6), Each(0.0)));
  EXPECT_EQ(index.annotations()[0].num_keypoints, 2);
  EXPECT_EQ(index.annotations()[1].num_keypoints, 0);
}

}  // namespace
}  // namespace glid
