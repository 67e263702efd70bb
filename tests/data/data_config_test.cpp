#include "glid/data/data_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/config/read.h"
#include "glid/core/error.h"
#include "support/temporary_folder.h"
#include "write_images.h"

namespace glid {
namespace {

DataConfig read_config(const std::string& yaml) {
  DataConfig config;
  config::read(config::parse_tree(yaml, "test.yaml"), config);
  return config;
}

TEST(DataConfig, MakesEveryDataset) {
  TemporaryFolder folder;
  write_numbered_image(folder.path() / "train/a/1.jpg", 1);
  write_numbered_image(folder.path() / "train/b/2.jpg", 2);
  write_numbered_image(folder.path() / "val/a/3.jpg", 3);
  const std::string root = ", root: " + folder.path().string() + "}";
  EXPECT_EQ(make_dataset(read_config("{name: imagenet" + root), Split::kTrain)->get(1).targets.label, 1);
  EXPECT_EQ(make_dataset(read_config("{name: folder" + root), Split::kTrain)->get(1).targets.label, std::nullopt);
  const DataConfig scenes = read_config("{name: scenes, count: 30, size: 64, seed: 5}");
  EXPECT_EQ(make_dataset(scenes, Split::kTrain)->size(), 30);
  EXPECT_EQ(make_dataset(scenes, Split::kVal)->size(), 3);
  EXPECT_EQ(make_dataset(scenes, Split::kVal)->get(2).image.width, 64);
}

TEST(DataConfig, AFractionIsOfWhatIsTrainedOn) {
  const DataConfig config = read_config("{name: scenes, count: 40, fraction: 0.25}");
  EXPECT_EQ(make_dataset(config, Split::kTrain)->size(), 10);
  EXPECT_EQ(make_dataset(config, Split::kVal)->size(), 4);
  EXPECT_EQ(open_images(config, Split::kTrain)->size(), 40);
  EXPECT_EQ(published_set(read_config("{name: ade20k, root: x, fraction: 0.1}")).images, 2021);
  EXPECT_THROW(read_config("{name: scenes, fraction: 0}"), UsageError);
  EXPECT_THROW(read_config("{name: scenes, fraction: 1.5}"), UsageError);
}

// Of the whole list: a root that isn't there, and one that is something else.
template <size_t i = 0>
void expect_wrong_roots_named(const std::string& root) {
  if constexpr (i < std::variant_size_v<DatasetConfig>) {
    std::variant_alternative_t<i, DatasetConfig> dataset;
    if constexpr (requires { dataset.root; }) {
      dataset.root = root;
      try {
        (void)make_dataset({.dataset = dataset}, Split::kTrain);
        ADD_FAILURE() << dataset.kName;
      } catch (const DataError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr(root)) << dataset.kName;
        EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n"))) << dataset.kName;
      }
    }
    expect_wrong_roots_named<i + 1>(root);
  }
}

TEST(DataConfig, AWrongRootIsNamedByEveryDataset) {
  const TemporaryFolder empty;
  expect_wrong_roots_named(empty.path().string());
  expect_wrong_roots_named((empty.path() / "none").string());
}

TEST(DataConfig, RefusesFilesWithoutARoot) {
  EXPECT_THROW(read_config("{name: folder}"), UsageError);
  EXPECT_THROW(read_config("{name: coco}"), UsageError);
  EXPECT_THROW(read_config("{name: cocos, root: x}"), UsageError);
  EXPECT_THROW(read_config("{name: pairs, root: x, classes: [a, b], num_classes: 3}"), UsageError);
  EXPECT_THROW(read_config("{name: pairs, root: x, target: depth, classes: [a, b]}"), UsageError);
  EXPECT_THROW(read_config("{name: scenes, workers: -1}"), UsageError);
  EXPECT_NO_THROW(read_config("{name: scenes}"));
}

std::string error_of(const std::string& yaml) {
  try {
    read_config(yaml);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(DataConfig, AKeyOfAnotherDatasetIsAnErrorThatNamesItsOwners) {
  EXPECT_THAT(error_of("{name: voc, root: x, depth_scale: 5000}"),
              testing::HasSubstr("depth_scale is not a known key (got 5000); it belongs to name: nyu_depth"));
  EXPECT_THAT(
      error_of("{name: scenes, root: x}"),
      testing::EndsWith(
          "it belongs to name: imagenet, folder, coco, coco_pose, coco_panoptic, ade20k, nyu_depth, voc, pairs, shards"));
  EXPECT_THAT(error_of("{name: nyu_depth, root: x, classes: [a]}"), testing::EndsWith("it belongs to name: voc, pairs"));
  EXPECT_THAT(error_of("{name: nyu_depth, root: x, voc: {classes: [a]}}"), testing::HasSubstr("voc is not a known key"));
}

TEST(DataConfig, RootsAndNames) {
  const DataConfig scenes = read_config("{name: scenes}"), pose = read_config("{name: coco_pose, root: x}");
  EXPECT_EQ(config::name_of(scenes.dataset), "scenes");
  EXPECT_EQ(root_of(scenes.dataset), "");
  EXPECT_EQ(config::name_of(pose.dataset), "coco_pose");
  EXPECT_EQ(root_of(pose.dataset), "x");
}

}  // namespace
}  // namespace glid
