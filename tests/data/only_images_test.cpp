// Who uses the images only gets all of them, whatever their annotations.
#include "glid/data/only_images.h"

#include <gmock/gmock.h>

#include "demo_folder.h"
#include "glid/core/files.h"
#include "glid/formats/image_file.h"
#include "glid/formats/label_map.h"
#include "write_images.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

void replace_in(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = read_file(file);
  const size_t place = text.find(from);
  ASSERT_NE(place, std::string::npos) << from;
  write_text(file, text.replace(place, from.size(), to));
}

// All images of the training split, without targets.
template <class Config>
void expect_all_images(const DemoFolder& demo) {
  const auto images = make_dataset({demo.dataset<Config>()}, Split::kTrain, DataUse::kImages);
  ASSERT_EQ(images->size(), DemoFolder::kCount);
  for (int64_t id = 0; id < images->size(); ++id) {
    const Sample sample = images->get(id);
    EXPECT_EQ(sample.id, id);
    EXPECT_EQ(sample.name, images->name(id));
    EXPECT_EQ(sample.image, read_image(sample.name));
    EXPECT_TRUE(sample.targets.instances.empty() && sample.targets.semantic.empty() && sample.targets.depth.empty());
  }
  EXPECT_TRUE(images->vocabulary().objects.empty());
}

template <class Config>
std::string error_of_all(const DemoFolder& demo) {
  return data_error_of([&] {
    const auto all = make_dataset({demo.dataset<Config>()}, Split::kTrain);
    for (int64_t id = 0; id < all->size(); ++id) all->get(id);
  });
}

TEST(OnlyImages, OfCoco) {
  const DemoFolder demo(DemoLayout::kCoco);
  const fs::path annotations = demo.root() / "annotations";
  for (const char* file : {"instances_train2017.json", "person_keypoints_train2017.json"})
    replace_in(annotations / file, "\"category_id\":", "\"segmentation\":[[1,2,30,40]],\"category_id\":");
  EXPECT_THAT(error_of_all<CocoConfig>(demo), HasSubstr("has a polygon with fewer than 6 numbers"));
  expect_all_images<CocoConfig>(demo);
  expect_all_images<CocoPoseConfig>(demo);  // each once, whoever is in it
  write_text(annotations / "instances_train2017.json",
             R"({"images": [{"id": 1, "file_name": "scene_000000.jpg"}]})");  // COCO's image_info files have no annotations
  EXPECT_EQ(make_dataset({demo.dataset<CocoConfig>()}, Split::kTrain, DataUse::kImages)->size(), 1);
}

TEST(OnlyImages, OfVoc) {
  const DemoFolder demo(DemoLayout::kVoc);
  ASSERT_TRUE(fs::remove(demo.root() / "Annotations/train_000003.xml"));
  write_text(demo.root() / "Annotations/train_000004.xml", "no XML");
  EXPECT_NE(error_of_all<Voc::Config>(demo), "no DataError");
  expect_all_images<Voc::Config>(demo);
}

TEST(OnlyImages, OfAde20kAndPairs) {
  const DemoFolder ade(DemoLayout::kAde20k), pairs(DemoLayout::kPairs);
  write_label_png(ade.root() / "annotations/training/ADE_train_00000003.png", {1, 1, {200}});
  write_text(pairs.root() / "labels/train/scene_000003.png", "no PNG");
  EXPECT_NE(error_of_all<Ade20k::Config>(ade), "no DataError");
  EXPECT_NE(error_of_all<Pairs::Config>(pairs), "no DataError");
  expect_all_images<Ade20k::Config>(ade);
  expect_all_images<Pairs::Config>(pairs);
}

TEST(OnlyImages, OfNyuDepthAndPanoptic) {
  const DemoFolder nyu(DemoLayout::kNyuDepth), coco(DemoLayout::kCoco);
  write_text(nyu.root() / "sync/scenes_0001/sync_depth_00003.png", "no PNG");
  ASSERT_TRUE(fs::remove(fs::directory_iterator(coco.root() / "annotations/panoptic_train2017")->path()));
  EXPECT_NE(error_of_all<NyuDepthV2::Config>(nyu), "no DataError");
  EXPECT_NE(error_of_all<CocoPanoptic::Config>(coco), "no DataError");
  expect_all_images<NyuDepthV2::Config>(nyu);
  expect_all_images<CocoPanoptic::Config>(coco);
}

}  // namespace
}  // namespace glid
