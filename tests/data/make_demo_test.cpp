#include "glid/data/make_demo.h"

#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/data/coco.h"
#include "glid/data/image_folder.h"
#include "glid/data/scenes.h"
#include "support/temporaries_of.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

TEST(MakeDemo, WritesImageNetsLayoutOnce) {
  TemporaryFolder folder;
  const DemoOptions options{folder.path() / "demo/", 20, 64, 3};
  EXPECT_TRUE(make_demo(options));
  const ImageFolder train = open_imagenet(options.out, Split::kTrain), val = open_imagenet(options.out, Split::kVal);
  EXPECT_EQ(train.size(), 20);
  EXPECT_EQ(val.size(), 2);
  EXPECT_EQ(train.get(7).image.height, 64);
  EXPECT_EQ(train.classes().size(), 6u);
  EXPECT_TRUE(temporaries_of(folder.path() / "demo").empty());

  const auto time = fs::last_write_time(train.name(0));
  EXPECT_FALSE(make_demo(options));
  EXPECT_EQ(fs::last_write_time(train.name(0)), time);

  DemoOptions again = options;
  again.out = folder.path() / "again";
  EXPECT_TRUE(make_demo(again));
  EXPECT_EQ(train.fingerprint(), open_imagenet(again.out, Split::kTrain).fingerprint());
  EXPECT_EQ(read_file(train.name(5)), read_file(open_imagenet(again.out, Split::kTrain).name(5)));
}

TEST(MakeDemo, ScenesOfClassesAreOthers) {
  TemporaryFolder folder;
  const DemoOptions plain{folder.path() / "plain", 4, 32, 3};
  DemoOptions classes = plain;
  classes.out = folder.path() / "classes";
  classes.kind = SceneKind::kClasses;
  EXPECT_TRUE(make_demo(plain));
  EXPECT_TRUE(make_demo(classes));
  const ImageFolder images = open_imagenet(classes.out, Split::kTrain);
  EXPECT_EQ(images.size(), 4);
  const Sample scene = draw_scene(3, 0, 32, SceneKind::kClasses);
  bool is_there = false;
  for (int64_t id = 0; id < 4; ++id)
    is_there |= images.name(id).find(kSceneClasses[static_cast<size_t>(*scene.targets.label)]) != std::string::npos;
  EXPECT_TRUE(is_there);
  EXPECT_NE(images.fingerprint(), open_imagenet(plain.out, Split::kTrain).fingerprint());
  classes.out = plain.out;
  EXPECT_THROW(make_demo(classes), UsageError);  // holds other scenes
  classes.kind = SceneKind::kFigures;
  EXPECT_THROW(make_demo(classes), UsageError);
}

TEST(MakeDemo, FiguresHaveCocosKeypoints) {
  TemporaryFolder folder;
  make_demo({.out = folder.path() / "figures",
             .count = 4,
             .size_px = 64,
             .layout = DemoLayout::kCoco,
             .kind = SceneKind::kFigures});
  const Coco coco(folder.path() / "figures", Split::kTrain, CocoFile::kPersonKeypoints);
  const Scenes scenes({.count = 4, .size_px = 64, .kind = SceneKind::kFigures}, Split::kTrain);
  EXPECT_EQ(coco.vocabulary().joints, scenes.vocabulary().joints);
  EXPECT_EQ(coco.vocabulary().limbs, scenes.vocabulary().limbs);
  EXPECT_EQ(coco.vocabulary().objects, scenes.vocabulary().objects);
  ASSERT_EQ(coco.size(), 4);
  for (int64_t id = 0; id < 4; ++id) {
    const Targets written = coco.targets(id), drawn = scenes.targets(id);
    ASSERT_EQ(written.instances.size(), drawn.instances.size());
    for (size_t i = 0; i < drawn.instances.size(); ++i) {
      ASSERT_EQ(written.instances[i].keypoints.size(), drawn.instances[i].keypoints.size());
      for (size_t j = 0; j < drawn.instances[i].keypoints.size(); ++j)
        EXPECT_NEAR(written.instances[i].keypoints[j].x, drawn.instances[i].keypoints[j].x, 0.5);
    }
  }
}

TEST(MakeDemo, LeavesOtherFilesAlone) {
  TemporaryFolder folder;
  write_file(folder.path() / "precious.txt", "mine");
  EXPECT_THROW(make_demo({folder.path(), 20, 64, 3}), UsageError);
  EXPECT_EQ(read_file(folder.path() / "precious.txt"), "mine");

  const fs::path out = folder.path() / "demo";
  EXPECT_TRUE(make_demo({out, 10, 64, 3}));
  EXPECT_THROW(make_demo({out, 10, 64, 4}), UsageError);
  EXPECT_THROW(make_demo({folder.path() / "x", 0, 64, 3}), UsageError);
  EXPECT_THROW(make_demo({folder.path() / "x", 10, 8, 3}), UsageError);
  EXPECT_FALSE(fs::exists(folder.path() / "x"));
}

}  // namespace
}  // namespace glid
