// The readers of every layout get back what the scenes were.
#include <gmock/gmock.h>

#include <cmath>

#include "demo_folder.h"
#include "formats/raw_mat5.h"
#include "formats/raw_nyu_mat.h"
#include "glid/data/check_data.h"
#include "glid/data/coco.h"
#include "glid/data/scenes.h"
#include "glid/formats/ade20k.h"
#include "glid/formats/image_file.h"
#include "write_images.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Calls `compare(sample, scene)` with every sample of both splits.
template <class Dataset, class Compare>
void for_each_sample(const DemoFolder& demo, Compare compare) {
  for (const Split split : {Split::kTrain, Split::kVal}) {
    const auto dataset = demo.open<Dataset>(split);
    const Scenes scenes = DemoFolder::scenes(split);
    ASSERT_EQ(dataset->size(), scenes.size());
    for (int64_t id = 0; id < scenes.size(); ++id) {
      const Sample sample = dataset->get(id);
      EXPECT_EQ(sample.id, id);
      EXPECT_EQ(sample.name, dataset->name(id));
      EXPECT_EQ(sample.image.height, DemoFolder::kSize);
      compare(sample, scenes.get(id));
    }
  }
}

void expect_same_objects(const Sample& sample, const Sample& scene, bool masks) {
  ASSERT_EQ(sample.targets.instances.size(), scene.targets.instances.size());
  for (size_t i = 0; i < scene.targets.instances.size(); ++i) {
    const Instance &read = sample.targets.instances[i], &made = scene.targets.instances[i];
    EXPECT_EQ(read.category, made.category);
    EXPECT_EQ(read.box, made.box);
    EXPECT_FALSE(read.is_crowd);
    if (!masks) continue;
    EXPECT_EQ(read.mask, made.mask);
    EXPECT_EQ(read.area, made.area);
  }
}

TEST(Datasets, CocoGivesBackBoxesMasksAndClasses) {
  const DemoFolder demo(DemoLayout::kCoco);
  for_each_sample<CocoConfig>(demo, [](const Sample& sample, const Sample& scene) {
    expect_same_objects(sample, scene, true);
    EXPECT_TRUE(sample.targets.instances[0].keypoints.empty());
  });
  const auto dataset = demo.open<CocoConfig>();
  const Vocabulary& vocabulary = dataset->vocabulary();
  ASSERT_EQ(vocabulary.objects.size(), 6u);
  EXPECT_EQ(vocabulary.objects[5], (Vocabulary::Class{6, "triangle"}));
  EXPECT_EQ(vocabulary.objects, Scenes({}, Split::kTrain).vocabulary().objects) << "in memory they are the same";
}

TEST(Datasets, CocoPoseGivesBackJoints) {
  const DemoFolder demo(DemoLayout::kCoco);
  for_each_sample<CocoPoseConfig>(demo, [](const Sample& sample, const Sample& scene) {
    ASSERT_EQ(sample.targets.instances.size(), scene.targets.instances.size());
    for (size_t i = 0; i < scene.targets.instances.size(); ++i) {
      EXPECT_EQ(sample.targets.instances[i].category, 0);
      EXPECT_EQ(sample.targets.instances[i].keypoints, scene.targets.instances[i].keypoints);
      EXPECT_EQ(sample.targets.instances[i].mask, scene.targets.instances[i].mask);
    }
  });
  const Vocabulary vocabulary = demo.open<CocoPoseConfig>()->vocabulary();
  EXPECT_THAT(vocabulary.joints, testing::ElementsAre("centre", "right", "down", "left", "up"));
  EXPECT_THAT(vocabulary.limbs, testing::Contains(Vocabulary::Limb{0, 4}));
}

TEST(Datasets, CocoWithoutTheYear) {
  const DemoFolder demo(DemoLayout::kCoco);
  const fs::path annotations = demo.root() / "annotations";
  fs::rename(annotations / "instances_val2017.json", annotations / "instances_val.json");
  fs::rename(demo.root() / "val2017", demo.root() / "val");
  EXPECT_EQ(demo.open<CocoConfig>(Split::kVal)->get(0).name, (demo.root() / "val/000000000001.jpg").string());
  fs::remove_all(demo.root() / "val");
  EXPECT_THAT(data_error_of([&] { demo.open<CocoConfig>(Split::kVal); }), HasSubstr("val2017: is not a folder"));
  fs::remove(annotations / "instances_val.json");
  EXPECT_THAT(data_error_of([&] { demo.open<CocoConfig>(Split::kVal); }), HasSubstr("instances_val2017.json"));
  EXPECT_FALSE(has_split({demo.dataset<CocoConfig>()}, Split::kVal));
  EXPECT_TRUE(has_split({demo.dataset<CocoPoseConfig>()}, Split::kVal));
}

// Ids with holes count up; a crowd, a polygon, an object without a box and one without a mask.
TEST(Datasets, CocoAnnotationsOfAllKinds) {
  TemporaryFolder folder;
  write_text(folder.path() / "train/a.png", encode_png(Image::filled(8, 10, 9)));
  write_text(folder.path() / "annotations/instances_train.json",
             R"({"images": [{"id": 4, "file_name": "a.png", "height": 8, "width": 10}],
      "categories": [{"id": 90, "name": "z"}, {"id": 7, "name": "a"}], "annotations": [
      {"id": 1, "image_id": 4, "category_id": 90, "bbox": [1, 2, 3, 4], "area": 5.5, "iscrowd": 1,
       "segmentation": {"size": [8, 10], "counts": [0, 8, 72]}},
      {"id": 2, "image_id": 4, "category_id": 7, "iscrowd": 0, "segmentation": [[2, 2, 6, 2, 6, 5, 2, 5]]},
      {"id": 3, "image_id": 4, "category_id": 7, "bbox": [0, 0, 2, 3]}]})");
  const Coco coco(folder.path(), Split::kTrain, CocoFile::kInstances);
  const auto instances = coco.get(0).targets.instances;
  ASSERT_EQ(instances.size(), 3u);
  EXPECT_EQ(instances[0].category, 1);
  EXPECT_TRUE(instances[0].is_crowd);
  EXPECT_EQ(instances[0].area, 5.5);
  EXPECT_EQ(instances[0].mask, (Rle{8, 10, {0, 8, 72}}));
  EXPECT_EQ(instances[1].box, (Box{2, 2, 6, 5}));
  EXPECT_EQ(instances[1].area, 12);
  EXPECT_EQ(instances[2].box, (Box{0, 0, 2, 3}));
  EXPECT_TRUE(instances[2].mask.counts.empty());
}

TEST(Datasets, CocoRefusesAnImageOfAnotherSize) {
  const DemoFolder demo(DemoLayout::kCoco);
  const auto dataset = demo.open<CocoConfig>();
  write_jpeg(dataset->name(3), Image::filled(64, 50, 1), 90);
  EXPECT_NO_THROW(dataset->get(2));
  EXPECT_THAT(data_error_of([&] { dataset->get(3); }), HasSubstr("000000000004.jpg: is not 64 x 64"));
}

void expect_ade_labels(const Sample& sample, const Sample& scene) {
  ASSERT_EQ(sample.targets.semantic.size(), scene.targets.semantic.size());
  for (size_t i = 0; i < scene.targets.semantic.size(); ++i) {
    const uint16_t made = scene.targets.semantic[i];
    ASSERT_EQ(sample.targets.semantic[i], made == 0 ? 0 : ade_thing_classes()[made - 1u]);
  }
}

TEST(Datasets, Ade20kGivesBackLabelsAndInstances) {
  const DemoFolder demo(DemoLayout::kAde20k);
  for_each_sample<Ade20k::Config>(demo, [](const Sample& sample, const Sample& scene) {
    expect_ade_labels(sample, scene);
    expect_same_objects(sample, scene, true);
  });
  EXPECT_EQ(demo.open<Ade20k::Config>()->vocabulary().labels.size(), 150u);
  EXPECT_EQ(demo.open<Ade20k::Config>()->vocabulary().objects.size(), 100u);
}

TEST(Datasets, Ade20kInstancesFromThePreparedJson) {
  const DemoFolder demo(DemoLayout::kAde20k);
  fs::remove_all(demo.root() / "annotations_instance");
  for_each_sample<Ade20k::Config>(demo, [](const Sample& sample, const Sample& scene) {
    expect_ade_labels(sample, scene);
    expect_same_objects(sample, scene, true);
  });
  fs::remove(demo.root() / "ade20k_instance_train.json");
  EXPECT_TRUE(demo.open<Ade20k::Config>()->get(0).targets.instances.empty());
}

TEST(Datasets, NyuDepthGivesBackMillimetres) {
  const DemoFolder demo(DemoLayout::kNyuDepth);
  for_each_sample<NyuDepthV2::Config>(demo, [](const Sample& sample, const Sample& scene) {
    ASSERT_EQ(sample.targets.depth.size(), scene.targets.depth.size());
    for (size_t i = 0; i < scene.targets.depth.size(); ++i) {
      const double millimetres = std::floor(static_cast<double>(scene.targets.depth[i]) * 1000 + 0.5);
      ASSERT_EQ(sample.targets.depth[i], static_cast<float>(millimetres / 1000));
    }
  });
}

TEST(Datasets, NyuDepthFromOneFolderAndAListOfTheUser) {
  const DemoFolder demo(DemoLayout::kNyuDepth);
  fs::rename(demo.root() / "sync/scenes_0001", demo.root() / "room");
  fs::remove(demo.root() / "sync");
  write_text(demo.root() / "mine.txt", "room/rgb_00003.jpg room/sync_depth_00003.png 500\nroom/rgb_00004.jpg None 500\n");
  auto config = demo.dataset<NyuDepthV2::Config>();
  config.train_list = "mine.txt";
  config.depth_scale = 100;
  const auto dataset = make_dataset({config}, Split::kTrain);
  ASSERT_EQ(dataset->size(), 1);
  EXPECT_NEAR(dataset->get(0).targets.depth[5], 10 * DemoFolder::scenes().get(3).targets.depth[5], 0.01);
  config.train_list = "none.txt";
  EXPECT_THAT(data_error_of([&] { make_dataset({config}, Split::kTrain); }), HasSubstr("none.txt"));
}

// Frame i of the file holds 20 i + 4 x + y metres.
TEST(Datasets, NyuDepthFromTheAuthorsFiles) {
  TemporaryFolder folder;
  const auto frames = [](const char* name, const std::string& numbers) {
    return matrix(name, kDoubleClass, {static_cast<int32_t>(numbers.size()), 1}, element(kUint8, numbers));
  };
  write_raw_nyu(folder.path() / "nyu_depth_v2_labeled.mat", {});
  write_text(folder.path() / "splits.mat", mat5_file(frames("trainNdxs", "\2") + frames("testNdxs", "\1\3")));
  NyuDepthV2::Config config;
  config.root = folder.path().string();
  const auto train = make_dataset({config}, Split::kTrain), val = make_dataset({config}, Split::kVal);
  ASSERT_EQ(train->size(), 1);
  ASSERT_EQ(val->size(), 2);
  const Sample sample = train->get(0);
  EXPECT_EQ(sample.name, config.root + "/nyu_depth_v2_labeled.mat: frame 2");
  EXPECT_EQ(sample.image.height, 4);
  ASSERT_EQ(sample.targets.depth.size(), 20u);
  EXPECT_EQ(sample.targets.depth[1 * 5 + 2], 20 + 4 * 2 + 1);
  EXPECT_EQ(val->get(1).targets.depth[0], 40);
  EXPECT_EQ(check_data({config}, {}, 2).num_wrong(), 0);
}

TEST(Datasets, VocGivesBackBoxes) {
  const DemoFolder demo(DemoLayout::kVoc);
  for_each_sample<Voc::Config>(demo,
                               [](const Sample& sample, const Sample& scene) { expect_same_objects(sample, scene, false); });
  auto config = demo.dataset<Voc::Config>();
  config.classes = {"cross", "star"};
  const auto dataset = make_dataset({config}, Split::kTrain);
  EXPECT_EQ(dataset->vocabulary().objects.size(), 2u);
  EXPECT_THAT(data_error_of([&] {
                for (int64_t id = 0; id < dataset->size(); ++id) dataset->get(id);
              }),
              HasSubstr("a class that the dataset doesn't have"));
}

TEST(Datasets, PairsGiveBackLabels) {
  const DemoFolder demo(DemoLayout::kPairs);
  for_each_sample<Pairs::Config>(
      demo, [](const Sample& sample, const Sample& scene) { EXPECT_EQ(sample.targets.semantic, scene.targets.semantic); });
  auto config = demo.dataset<Pairs::Config>();
  config.reduce_zero_label = true;
  const auto reduced = make_dataset({config}, Split::kTrain)->get(4).targets.semantic;
  const auto whole = DemoFolder::scenes().get(4).targets.semantic;
  for (size_t i = 0; i < whole.size(); ++i) ASSERT_EQ(reduced[i], whole[i] == 0 ? kIgnoreLabel : whole[i] - 1);
  config.reduce_zero_label = false;
  config.num_classes = 2;
  EXPECT_THAT(data_error_of([&] { make_dataset({config}, Split::kTrain)->get(0); }), HasSubstr("has a label out of range"));
}

TEST(Datasets, PairsGiveBackDepth) {
  const DemoFolder demo(DemoLayout::kPairs);
  auto config = demo.dataset<Pairs::Config>();
  config.target = PairTarget::kDepth;
  config.depth_scale = 100;
  const auto dataset = make_dataset({config}, Split::kTrain);
  ASSERT_EQ(dataset->size(), DemoFolder::kCount);
  EXPECT_TRUE(dataset->vocabulary().has_depth);
  EXPECT_TRUE(dataset->vocabulary().labels.empty());
  const Targets read = dataset->get(4).targets, made = DemoFolder::scenes().get(4).targets;
  ASSERT_EQ(read.depth.size(), made.depth.size());
  for (size_t i = 0; i < made.depth.size(); ++i) ASSERT_NEAR(read.depth[i], 10 * made.depth[i], 0.006);
  EXPECT_TRUE(read.semantic.empty());
}

TEST(Datasets, PairsWithoutSplitsHoldATenthOut) {
  const DemoFolder demo(DemoLayout::kPairs);
  for (const char* kind : {"images", "labels"}) {
    fs::rename(demo.root() / kind / "train", demo.root() / "all");
    fs::remove_all(demo.root() / kind);
    fs::rename(demo.root() / "all", demo.root() / kind);
  }
  const auto train = demo.open<Pairs::Config>(), val = demo.open<Pairs::Config>(Split::kVal);
  EXPECT_EQ(train->size(), DemoFolder::kCount - 1);
  ASSERT_EQ(val->size(), 1);
  for (int64_t id = 0; id < train->size(); ++id) EXPECT_NE(train->name(id), val->name(0));
}

template <class Dataset>
void expect_fingerprint_of(DemoLayout layout, const char* file) {
  const DemoFolder here(layout), there(layout);
  const Fingerprint before = here.open<Dataset>()->fingerprint();
  EXPECT_EQ(before, there.open<Dataset>()->fingerprint());
  EXPECT_NE(before.names, here.open<Dataset>(Split::kVal)->fingerprint().names);
  write_text(here.root() / file, "shorter");
  const Fingerprint after = here.open<Dataset>()->fingerprint();
  EXPECT_EQ(before.names, after.names) << file;
  EXPECT_NE(before.sizes, after.sizes) << file;
}

TEST(Datasets, FingerprintsFollowTheFiles) {
  expect_fingerprint_of<CocoConfig>(DemoLayout::kCoco, "train2017/000000000001.jpg");
  expect_fingerprint_of<Ade20k::Config>(DemoLayout::kAde20k, "annotations/training/ADE_train_00000001.png");
  expect_fingerprint_of<NyuDepthV2::Config>(DemoLayout::kNyuDepth, "sync/scenes_0001/sync_depth_00000.png");
  expect_fingerprint_of<Voc::Config>(DemoLayout::kVoc, "Annotations/train_000000.xml");
  expect_fingerprint_of<Pairs::Config>(DemoLayout::kPairs, "labels/train/scene_000000.png");
}

}  // namespace
}  // namespace glid
