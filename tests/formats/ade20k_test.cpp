#include "glid/formats/ade20k.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t pixel(uint32_t category, uint32_t number) { return category + 256 * number; }

TEST(AdeClasses, AHundredThingsAmongAHundredAndFifty) {
  const auto classes = ade_classes();
  ASSERT_EQ(classes.size(), 150u);
  EXPECT_EQ(std::count_if(classes.begin(), classes.end(), [](const AdeClass& c) { return c.is_thing; }), 100);
  EXPECT_EQ(classes[0].name, "wall");
  EXPECT_EQ(classes[12].name, "person");
  EXPECT_EQ(classes[65].name, "toilet, can, commode, crapper, pot, potty, stool, throne");
  EXPECT_EQ(classes[149].name, "flag");
}

// Rows of ade20k_instance_catid_mapping.txt: 1 8, 2 9, 3 11, 36 63, 50 81, 65 103, 94 143, 100 150.
TEST(AdeClasses, InstanceCategoriesAreTheThingsInOrder) {
  const auto things = ade_thing_classes();
  ASSERT_EQ(things.size(), 100u);
  for (const auto& [category, label] :
       {std::pair{1, 8}, {2, 9}, {3, 11}, {36, 63}, {50, 81}, {65, 103}, {94, 143}, {100, 150}})
    EXPECT_EQ(things[category - 1], label - 1) << category;
}

class AdeFolder : public testing::Test {
 protected:
  void add(const fs::path& file) {
    fs::create_directories((root() / file).parent_path());
    write_file(root() / file, "");
  }
  fs::path write_labels(std::vector<uint16_t> labels) {
    const auto width = static_cast<int64_t>(labels.size());
    write_label_png(root() / "a.png", {1, width, std::move(labels)});
    return root() / "a.png";
  }
  const fs::path& root() const { return folder_.path(); }

  TemporaryFolder folder_;
};

TEST_F(AdeFolder, ListsASplit) {
  for (const char* file : {"images/validation/ADE_val_00000002.jpg", "images/validation/ADE_val_00000001.jpg",
                           "images/training/ADE_train_00000001.jpg", "annotations/validation/ADE_val_00000001.png",
                           "annotations/validation/ADE_val_00000009.png", "annotations_detectron2/validation/x.png",
                           "annotations_instance/validation/ADE_val_00000002.png"})
    add(file);
  const AdeListing listing = list_ade20k(root(), AdeSplit::kValidation);
  EXPECT_EQ(listing.semantic, AdeSemantic::kOriginal);
  ASSERT_EQ(listing.frames.size(), 2u);
  EXPECT_EQ(listing.frames[0].name, "ADE_val_00000001");
  EXPECT_EQ(listing.frames[0].image, root() / "images/validation/ADE_val_00000001.jpg");
  EXPECT_EQ(listing.frames[0].semantic, root() / "annotations/validation/ADE_val_00000001.png");
  EXPECT_TRUE(listing.frames[0].instances.empty());
  EXPECT_TRUE(listing.frames[1].semantic.empty());
  EXPECT_EQ(listing.frames[1].instances, root() / "annotations_instance/validation/ADE_val_00000002.png");
  EXPECT_EQ(listing.without_image, std::vector<fs::path>{root() / "annotations/validation/ADE_val_00000009.png"});
}

TEST_F(AdeFolder, ShiftedLabelsWhereThereAreNoOthers) {
  add("images/training/a.jpg");
  expect_data_error([&] { list_ade20k(root(), AdeSplit::kTraining); }, {"has no labels of training", "annotations/"});
  add("annotations_detectron2/training/a.png");
  const AdeListing listing = list_ade20k(root(), AdeSplit::kTraining);
  EXPECT_EQ(listing.semantic, AdeSemantic::kShifted);
  EXPECT_FALSE(listing.frames[0].semantic.empty());
  expect_data_error([&] { list_ade20k(root(), AdeSplit::kValidation); }, {"images/validation: can't be read"});
}

TEST_F(AdeFolder, SemanticLabelsCountFromZero) {
  const fs::path file = write_labels({0, 1, 150});
  EXPECT_EQ(read_ade_semantic(file, AdeSemantic::kOriginal).labels, (std::vector<uint16_t>{255, 0, 149}));
  write_labels({0, 149, 255});
  EXPECT_EQ(read_ade_semantic(file, AdeSemantic::kShifted).labels, (std::vector<uint16_t>{0, 149, 255}));
}

TEST_F(AdeFolder, SemanticLabelsOutOfRange) {
  const fs::path file = write_labels({0, 151});
  expect_data_error([&] { read_ade_semantic(file, AdeSemantic::kOriginal); },
                    {"a.png: pixel (1, 0) has a label outside 0 to 150 (got 151)"});
  write_labels({150});
  expect_data_error([&] { read_ade_semantic(file, AdeSemantic::kShifted); }, {"label outside 0 to 149 (got 150)"});
  write_labels({255});
  expect_data_error([&] { read_ade_semantic(file, AdeSemantic::kOriginal); }, {"(got 255)"});
}

// Number 2 first in the raster, number 1 in two pieces; a category without a number is no instance.
IdMap small_raster() { return {2, 3, {pixel(100, 2), pixel(1, 1), pixel(7, 0), pixel(100, 2), 0, pixel(1, 1) | 5 << 16}}; }

TEST(AdeInstances, AscendByNumber) {
  const auto instances = ade_instances(small_raster(), "a.png");
  ASSERT_EQ(instances.size(), 2u);
  EXPECT_EQ(instances[0].number, 1);
  EXPECT_EQ(instances[0].category, 0);
  EXPECT_EQ(instances[0].mask, (Rle{2, 3, {2, 1, 2, 1}}));
  EXPECT_EQ(instances[1].number, 2);
  EXPECT_EQ(instances[1].category, 99);
  EXPECT_EQ(instances[1].mask, (Rle{2, 3, {0, 2, 4}}));
}

TEST(AdeInstances, MasksAreThoseOfRleFromMask) {
  IdMap raster{13, 17, std::vector<uint32_t>(13 * 17)};
  for (size_t i = 0; i < raster.ids.size(); ++i) raster.ids[i] = pixel(3, i * i / 5 % 4);
  for (const AdeInstance& instance : ade_instances(raster, "")) {
    std::vector<uint8_t> mask;
    for (const uint32_t id : raster.ids) mask.push_back(id >> 8 == static_cast<uint32_t>(instance.number));
    EXPECT_EQ(instance.mask, rle_from_mask(mask, 13, 17));
  }
}

TEST(AdeInstances, WrongCategories) {
  const auto expect_error = [](const std::vector<uint32_t>& ids, const char* part) {
    expect_data_error([&] { ade_instances({1, static_cast<int64_t>(ids.size()), ids}, "a.png"); }, {part});
  };
  expect_error({pixel(0, 3)}, "a.png: instance 3 has a category outside 1 to 100 (got 0)");
  expect_error({pixel(101, 3)}, "(got 101)");
  expect_error({pixel(5, 3), pixel(6, 3)}, "a.png: instance 3 has two categories (got 5 and 6)");
}

// Wall, wall, bed (a thing) / other, wall, wall; a bed over the last column and one wall.
TEST(AdePanopticMap, InstancesAreOverStuff) {
  const LabelMap semantic{2, 3, {0, 0, 7, 255, 0, 0}};
  const IdMap raster{2, 3, {0, pixel(1, 4), 0, 0, 0, pixel(1, 4)}};
  const AdePanoptic panoptic = ade_panoptic(semantic, raster, "a.png");
  EXPECT_EQ(panoptic.map.ids, (std::vector<uint32_t>{1, 260, 0, 0, 1, 260}));
  ASSERT_EQ(panoptic.segments.size(), 2u);
  EXPECT_EQ(panoptic.segments[0].id, 1u);
  EXPECT_EQ(panoptic.segments[0].category, 0);
  EXPECT_EQ(panoptic.segments[0].area, 4u);  // before the bed came
  EXPECT_EQ(panoptic.segments[0].box, (BoxXywh{0, 0, 3, 2}));
  EXPECT_EQ(panoptic.segments[1].id, 260u);
  EXPECT_EQ(panoptic.segments[1].category, 7);
  EXPECT_EQ(panoptic.segments[1].area, 2u);
  EXPECT_EQ(panoptic.segments[1].box, (BoxXywh{1, 0, 2, 2}));
}

TEST(AdePanopticMap, Errors) {
  expect_data_error(
      [] {
        ade_panoptic({1, 2, {0, 0}}, {2, 1, {0, 0}}, "a.png");
      },
      {"a.png: is 2 x 1 (got semantic map of 1 x 2)"});
  EXPECT_THROW(ade_panoptic({1, 1, {150}}, {1, 1, {0}}, ""), std::invalid_argument);
}

}  // namespace
}  // namespace glid
