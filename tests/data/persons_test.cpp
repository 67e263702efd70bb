#include "glid/data/persons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "demo_folder.h"
#include "glid/formats/png.h"
#include "write_images.h"

namespace glid {
namespace {

using testing::HasSubstr;

// Two images of 10 x 8 pixels. In the first a person to find, one without labelled joints, a crowd and one without an area;
// in the second one whose box leaves the image.
constexpr const char* kTruth = R"({"images": [{"id": 4, "file_name": "a.png", "height": 8, "width": 10},
    {"id": 9, "file_name": "b.png", "height": 8, "width": 10}],
  "categories": [{"id": 1, "name": "person", "keypoints": ["nose", "left_eye"]}], "annotations": [
  {"id": 1, "image_id": 4, "category_id": 1, "bbox": [0, 0, 4, 4], "area": 5, "iscrowd": 0, "num_keypoints": 0,
   "keypoints": [0, 0, 0, 0, 0, 0]},
  {"id": 2, "image_id": 4, "category_id": 1, "bbox": [1, 2, 5, 4], "area": 5, "iscrowd": 0, "num_keypoints": 1,
   "keypoints": [3, 4, 2, 0, 0, 0]},
  {"id": 3, "image_id": 4, "category_id": 1, "bbox": [1, 2, 5, 4], "area": 5, "iscrowd": 1, "num_keypoints": 1,
   "keypoints": [3, 4, 2, 0, 0, 0]},
  {"id": 4, "image_id": 4, "category_id": 1, "bbox": [1, 2, 5, 4], "area": 0, "iscrowd": 0, "num_keypoints": 1,
   "keypoints": [3, 4, 2, 0, 0, 0]},
  {"id": 5, "image_id": 9, "category_id": 1, "bbox": [-2, 6, 20, 1], "area": 5, "iscrowd": 0, "num_keypoints": 1,
   "keypoints": [3, 4, 2, 0, 0, 0]}]})";

struct PersonsFolder {
  PersonsFolder() {
    for (const char* name : {"a.png", "b.png"})
      write_text(folder.path() / "val" / name, encode_png(Image::filled(8, 10, 9)));
    write_text(folder.path() / "annotations/person_keypoints_val.json", kTruth);
  }
  std::shared_ptr<const Coco> images() const {
    return std::make_shared<const Coco>(folder.path(), Split::kVal, CocoFile::kPersonKeypoints);
  }
  TemporaryFolder folder;
};

TEST(Persons, AreThoseWithJointsAndABox) {
  const PersonsFolder files;
  const Persons persons = Persons::to_train_on(files.images());
  ASSERT_EQ(persons.size(), 1);
  EXPECT_EQ(persons.person(0), (Person{0, 1, {1, 2, 5, 5}, 1.0, 1}));
  const Sample sample = persons.get(0);
  EXPECT_EQ(sample.targets.instances.size(), 4u);
  EXPECT_EQ(sample.targets.instances[1].keypoints[0], (Keypoint{3.5, 4.5, Visibility::kVisible}));
  EXPECT_EQ(*persons.targets(0).person, persons.person(0));
  EXPECT_THAT(sample.name, HasSubstr("a.png, person 0"));
}

// The second image has a person to find, whose cleaned box is empty.
TEST(Persons, OfImagesWithoutABoxAreMissed) {
  const PersonsFolder files;
  const Persons persons = Persons::to_find(files.images(), "truth");
  ASSERT_EQ(persons.size(), 2);
  EXPECT_EQ(persons.person(1), (Person{.image = 1}));
}

TEST(Persons, AreLookedForInADetectorsBoxes) {
  const PersonsFolder files;
  write_text(files.folder.path() / "boxes.json", R"([
      {"image_id": 9, "category_id": 1, "bbox": [1, 1, 4, 4], "score": 0.01},
      {"image_id": 4, "category_id": 1, "bbox": [1.5, 2, 5, 4], "score": 0.75},
      {"image_id": 4, "category_id": 2, "bbox": [0, 0, 4, 4], "score": 0.9},
      {"image_id": 4, "category_id": 1, "bbox": [0, 0, 4, 4], "score": 0.5}])");
  DataConfig config{CocoPoseConfig{}};
  std::get<CocoPoseConfig>(config.dataset).root = files.folder.path().string();
  std::get<CocoPoseConfig>(config.dataset).boxes = (files.folder.path() / "boxes.json").string();
  const auto samples = make_dataset(config, Split::kVal);
  ASSERT_EQ(samples->size(), 3);
  EXPECT_EQ(*samples->targets(0).person, (Person{0, 2, {1.5, 2, 6.5, 6}, 0.75, {}}));
  EXPECT_EQ(*samples->targets(2).person, (Person{1, 1, {1, 1, 5, 5}, 0.01, {}}));
  EXPECT_NE(samples->fingerprint(), Persons::to_find(files.images(), "truth").fingerprint());
  EXPECT_EQ(open_images(config, Split::kVal)->size(), 2);
}

TEST(PersonOf, IsTheOnlyOneOfAPicture) {
  Sample sample{7, "a figure", Image::filled(8, 10, 0), {}};
  sample.targets.instances = {{.box = {1, 2, 20, 7}, .keypoints = {{3, 3, Visibility::kVisible}}}};
  EXPECT_EQ(person_of(sample), (Person{7, 1, {1, 2, 9, 6}, 1.0, 0}));
  sample.targets.instances.push_back(sample.targets.instances[0]);
  EXPECT_THAT(data_error_of([&] { person_of(sample); }), HasSubstr("a figure: must be a picture of one person with joints"));
}

}  // namespace
}  // namespace glid
