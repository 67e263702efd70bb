// Panoptic divisions of scenes, written as files and read again.
#include <gmock/gmock.h>

#include <map>

#include "demo_folder.h"
#include "glid/core/files.h"
#include "glid/data/coco_panoptic.h"
#include "glid/data/panoptic_records.h"
#include "glid/formats/ade20k.h"
#include "glid/formats/image_file.h"
#include "glid/formats/label_map.h"
#include "write_images.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(CocoPanopticSet, GivesBackSegments) {
  const DemoFolder demo(DemoLayout::kCoco);
  for (const Split split : {Split::kTrain, Split::kVal}) {
    const auto dataset = demo.open<CocoPanoptic::Config>(split);
    const Scenes scenes = DemoFolder::scenes(split);
    ASSERT_EQ(dataset->size(), scenes.size());
    for (int64_t id = 0; id < scenes.size(); ++id) {
      const Panoptic read = dataset->get(id).targets.panoptic, made = scenes.get(id).targets.panoptic;
      EXPECT_EQ(read.ids, made.ids);
      EXPECT_EQ(read.segments, made.segments);
      EXPECT_EQ(dataset->image_id(id), ImageId(id + 1));
      EXPECT_EQ(dataset->get(id).name, dataset->name(id));
    }
  }
  const Vocabulary vocabulary = demo.open<CocoPanoptic::Config>()->vocabulary();
  ASSERT_EQ(vocabulary.segments.size(), 7u);
  EXPECT_EQ(vocabulary.segments[6], (Vocabulary::Class{6, "triangle"}));
  EXPECT_THAT(vocabulary.is_thing, testing::ElementsAre(false, true, true, true, true, true, true));
}

TEST(CocoPanopticSet, HasAFingerprintOfItsFiles) {
  const DemoFolder demo(DemoLayout::kCoco);
  const Fingerprint before = demo.open<CocoPanoptic::Config>()->fingerprint();
  EXPECT_EQ(before, demo.open<CocoPanoptic::Config>()->fingerprint());
  write_panoptic_png(demo.root() / "annotations/panoptic_train2017/000000000003.png",
                     {64, 64, std::vector<uint32_t>(4096, 1)});
  EXPECT_NE(before, demo.open<CocoPanoptic::Config>()->fingerprint());
}

// One image of 2 x 3 pixels, the ids of which the test writes; ids of categories with holes.
class OnePanopticImage : public testing::Test {
 protected:
  OnePanopticImage() {
    write_text(root() / "val/a.png", encode_png(Image::filled(2, 3, 9)));
    write_text(root() / "annotations/panoptic_val.json",
               R"({"images": [{"id": 9, "file_name": "b.png"}, {"id": 4, "file_name": "a.png", "height": 2, "width": 3}],
      "categories": [{"id": 90, "name": "sky", "isthing": 0}, {"id": 7, "name": "cat", "isthing": 1}],
      "annotations": [{"image_id": 4, "file_name": "a_ids.png", "segments_info": [
        {"id": 70000, "category_id": 90, "iscrowd": 0, "area": 1}, {"id": 5, "category_id": 7, "iscrowd": 1, "area": 1},
        {"id": 6, "category_id": 7, "iscrowd": 0, "area": 1}]}]})");
  }
  fs::path root() const { return folder_.path(); }
  void put_ids(int64_t height, int64_t width, const std::vector<uint32_t>& ids) const {
    fs::create_directories(root() / "annotations/panoptic_val");
    write_panoptic_png(root() / "annotations/panoptic_val/a_ids.png", {height, width, ids});
  }
  CocoPanoptic open() const {
    CocoPanoptic::Config config;
    config.root = root().string();
    return {config, Split::kVal};
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(OnePanopticImage, CrowdsStayAndSegmentsWithoutAPixelGo) {
  put_ids(2, 3, {70000, 5, 0, 0, 5, 5});
  const CocoPanoptic dataset = open();
  ASSERT_EQ(dataset.size(), 1);  // an image without an annotation is no sample
  const Panoptic panoptic = dataset.get(0).targets.panoptic;
  EXPECT_THAT(panoptic.ids, testing::ElementsAre(70000, 5, 0, 0, 5, 5));
  EXPECT_THAT(panoptic.segments, testing::ElementsAre(SegmentInfo{70000, 1, false}, SegmentInfo{5, 0, true}));
  EXPECT_THAT(dataset.vocabulary().is_thing, testing::ElementsAre(true, false));
}

TEST_F(OnePanopticImage, RefusesWhatTheJsonDoesNotSay) {
  EXPECT_THAT(data_error_of([&] { open(); }), HasSubstr("panoptic_val: is not a folder; it should hold the PNGs of"));
  put_ids(2, 3, {70000, 5, 8, 0, 5, 5});
  EXPECT_THAT(data_error_of([&] { open().get(0); }), HasSubstr("doesn't list (got id 8)"));
  put_ids(3, 2, {70000, 5, 5, 0, 5, 5});
  EXPECT_THAT(data_error_of([&] { open().get(0); }), HasSubstr("a_ids.png: is not 3 x 2 as its image is (got 2 x 3)"));
  fs::remove(root() / "annotations/panoptic_val.json");
  EXPECT_THAT(data_error_of([&] { open(); }), HasSubstr("panoptic_val2017.json: is not there"));
  EXPECT_FALSE(CocoPanoptic::has({{root().string()}}, Split::kVal));
}

// The scene's background is ADE20K's stuff "wall", the class c its c-th thing.
void expect_ade_segments(const Panoptic& read, const Panoptic& made) {
  std::map<uint32_t, uint32_t> id_of;
  ASSERT_EQ(read.ids.size(), made.ids.size());
  for (size_t i = 0; i < read.ids.size(); ++i) ASSERT_EQ(id_of.emplace(made.ids[i], read.ids[i]).first->second, read.ids[i]);
  std::map<uint32_t, int64_t> categories;
  for (const SegmentInfo& segment : read.segments) categories[segment.id] = segment.category;
  ASSERT_EQ(read.segments.size(), made.segments.size());
  for (const SegmentInfo& segment : made.segments)
    EXPECT_EQ(categories.at(id_of.at(segment.id)),
              segment.category == 0 ? 0 : ade_thing_classes()[static_cast<size_t>(segment.category) - 1]);
}

TEST(Ade20kSegments, AreStuffOfTheLabelsUnderTheInstances) {
  const DemoFolder demo(DemoLayout::kAde20k);
  const auto dataset = demo.open<Ade20k::Config>();
  for (int64_t id = 0; id < dataset->size(); ++id)
    expect_ade_segments(dataset->get(id).targets.panoptic, DemoFolder::scenes().get(id).targets.panoptic);
  const Vocabulary& vocabulary = dataset->vocabulary();
  ASSERT_EQ(vocabulary.segments.size(), 150u);
  EXPECT_EQ(std::ranges::count(vocabulary.is_thing, true), 100);
  EXPECT_FALSE(vocabulary.is_thing[0]);
}

// Of the whole training set, called as prepare_ade20k_pan_seg.py does.
void put_prepared_segments(const fs::path& root, const AnnotatedDataset& dataset) {
  fs::create_directories(root / "ade20k_panoptic_train");
  std::vector<CocoPart> parts;
  for (int64_t id = 0; id < dataset.size(); ++id) {
    const Sample sample = dataset.get(id);
    const Panoptic& panoptic = sample.targets.panoptic;
    const std::string name = std::get<std::string>(dataset.image_id(id)), png = name + ".png";
    write_panoptic_png(root / "ade20k_panoptic_train" / png, {sample.image.height, sample.image.width, panoptic.ids});
    parts.push_back(panoptic_part({name, name + ".jpg", sample.image.height, sample.image.width}, png, panoptic,
                                  dataset.vocabulary().segments));
  }
  put_file(root / "ade20k_panoptic_train.json", panoptic_file(parts, dataset.vocabulary()));
}

TEST(Ade20kSegments, AreThoseOfThePreparedFilesWithoutRasters) {
  const DemoFolder demo(DemoLayout::kAde20k);
  const auto raw = demo.open<Ade20k::Config>();
  put_prepared_segments(demo.root(), *raw);
  std::vector<Panoptic> expected;
  for (int64_t id = 0; id < raw->size(); ++id) expected.push_back(raw->get(id).targets.panoptic);
  fs::remove_all(demo.root() / "annotations_instance");
  const auto prepared = demo.open<Ade20k::Config>();
  EXPECT_EQ(prepared->vocabulary().segments, raw->vocabulary().segments);
  EXPECT_EQ(prepared->vocabulary().is_thing, raw->vocabulary().is_thing);
  EXPECT_NE(prepared->fingerprint(), raw->fingerprint());
  for (int64_t id = 0; id < prepared->size(); ++id) {
    const Panoptic panoptic = prepared->get(id).targets.panoptic;
    EXPECT_EQ(panoptic.ids, expected[static_cast<size_t>(id)].ids);
    EXPECT_EQ(panoptic.segments, expected[static_cast<size_t>(id)].segments);
  }
  fs::remove(demo.root() / "ade20k_panoptic_train.json");
  EXPECT_TRUE(demo.open<Ade20k::Config>()->vocabulary().segments.empty());
  EXPECT_TRUE(demo.open<Ade20k::Config>()->get(0).targets.panoptic.ids.empty());
}

}  // namespace
}  // namespace glid
