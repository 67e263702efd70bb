#include "glid/data/image_folder.h"

#include <gmock/gmock.h>

#include <set>

#include "glid/core/error.h"
#include "glid/data/inspection.h"
#include "support/temporary_folder.h"
#include "write_images.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names(const Dataset& dataset, const fs::path& root) {
  std::vector<std::string> names;
  for (int64_t id = 0; id < dataset.size(); ++id) names.push_back(fs::relative(dataset.name(id), root).string());
  return names;
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no DataError";
}

TEST(ImageNet, LabelsNumberTheFoldersInByteOrder) {
  TemporaryFolder folder;
  const fs::path& root = folder.path();
  write_numbered_image(root / "train/b/1.JPEG", 1);
  write_numbered_image(root / "train/B/2.jpg", 2);
  write_numbered_image(root / "train/a/deep/3.jpg", 3);
  write_numbered_image(root / "val/b/4.jpg", 4);
  write_numbered_image(root / "train/a/._3.jpg", 5);
  write_text(root / "train/a/notes.txt", "no image");
  const ImageFolder train = open_imagenet(root, Split::kTrain), val = open_imagenet(root, Split::kVal);
  EXPECT_THAT(names(train, root), ElementsAre("train/B/2.jpg", "train/a/deep/3.jpg", "train/b/1.JPEG"));
  EXPECT_THAT(names(val, root), ElementsAre("val/b/4.jpg"));
  EXPECT_EQ(train.get(0).targets.label, 0);
  EXPECT_EQ(train.get(1).targets.label, 1);
  EXPECT_EQ(val.get(0).targets.label, 2);
  EXPECT_EQ(val.get(0).image, read_image(root / "val/b/4.jpg"));
}

// Pre-training needs no labels, and ILSVRC's own archive of val is flat.
TEST(ImageNet, AFlatValHasImagesWithoutLabels) {
  TemporaryFolder folder;
  const fs::path& root = folder.path();
  write_numbered_image(root / "train/a/1.jpg", 1);
  write_flat_folder(root / "val", 3);
  const ImageFolder val = open_imagenet(root, Split::kVal);
  EXPECT_EQ(val.size(), 3);
  EXPECT_FALSE(val.get(0).targets.label);
  EXPECT_EQ(open_imagenet(root, Split::kTrain).get(0).targets.label, 0);
  write_numbered_image(root / "val/a/4.jpg", 4);  // some in class folders, some not: a mistake
  EXPECT_THAT(message_of([&] { open_imagenet(root, Split::kVal); }), HasSubstr("is not in a class folder"));
}

TEST(ImageNet, SaysThatItTrainsOnNineTenthsWithoutVal) {
  TemporaryFolder folder;
  for (int i = 0; i < 30; ++i) write_numbered_image(folder.path() / format("train/a/{}.jpg", i), i);
  testing::internal::CaptureStderr();
  EXPECT_EQ(open_imagenet(folder.path(), Split::kTrain).size(), 27);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("has no val: trains on 27 of its 30 training images and validates on the other 3"));
}

TEST(ImageNet, RefusesClassesThatDontMatch) {
  TemporaryFolder folder;
  write_numbered_image(folder.path() / "train/a/1.jpg", 1);
  write_numbered_image(folder.path() / "val/z/2.jpg", 2);
  EXPECT_THAT(message_of([&] { open_imagenet(folder.path(), Split::kVal); }), HasSubstr("z/2.jpg"));
  write_numbered_image(folder.path() / "train/3.jpg", 3);
  EXPECT_THAT(message_of([&] { open_imagenet(folder.path(), Split::kTrain); }), HasSubstr("data.name: folder"));
}

TEST(Folder, ATenthByHashIsTheValidationSet) {
  TemporaryFolder folder;
  write_flat_folder(folder.path() / "some/where", 35);
  const ImageFolder train = open_folder(folder.path(), Split::kTrain), val = open_folder(folder.path(), Split::kVal);
  EXPECT_EQ(train.size(), 32);
  EXPECT_EQ(val.size(), 3);
  std::set<std::string> all;
  for (const auto& name : names(train, folder.path())) all.insert(name);
  for (const auto& name : names(val, folder.path())) all.insert(name);
  EXPECT_EQ(all.size(), 35u);
  const fs::path with_slash = folder.path() / "";
  EXPECT_EQ(names(open_folder(with_slash, Split::kVal), folder.path()), names(val, folder.path()));
  EXPECT_EQ(open_folder(with_slash, Split::kVal).fingerprint(), val.fingerprint());
}

TEST(Folder, AValFolderLeavesTheTrainingSet) {
  TemporaryFolder folder;
  const fs::path& root = folder.path();
  write_numbered_image(root / "a.jpg", 1);
  write_numbered_image(root / "val/b.jpg", 2);
  EXPECT_THAT(names(open_folder(root, Split::kTrain), root), ElementsAre("a.jpg"));
  EXPECT_THAT(names(open_folder(root, Split::kVal), root), ElementsAre("val/b.jpg"));
  write_numbered_image(root / "train/c.jpg", 3);
  EXPECT_THAT(names(open_folder(root, Split::kTrain), root), ElementsAre("train/c.jpg"));
}

TEST(Folder, SaysWhatIsMissing) {
  TemporaryFolder folder;
  EXPECT_THAT(message_of([&] { open_folder(folder.path() / "nowhere", Split::kTrain); }), HasSubstr("is not a folder"));
  EXPECT_THAT(message_of([&] { open_folder(folder.path(), Split::kTrain); }), HasSubstr("0 files of other kinds"));
  write_text(folder.path() / "a.txt", "x");
  write_text(folder.path() / "deep/b.gif", "x");
  EXPECT_THAT(message_of([&] { open_folder(folder.path(), Split::kTrain); }), HasSubstr("2 files of other kinds"));
  EXPECT_THAT(message_of([&] { open_imagenet(folder.path(), Split::kTrain); }), HasSubstr("train"));
  write_numbered_image(folder.path() / "one.jpg", 1);
  EXPECT_THAT(message_of([&] { open_folder(folder.path(), Split::kTrain); }), HasSubstr("too few"));
}

TEST(Folder, ImagesOfOtherFormatsAreSaidToBeLeftOut) {
  TemporaryFolder folder;
  write_flat_folder(folder.path(), 10);
  fs::rename(folder.path() / "image_00.jpg", folder.path() / "chrome.jfif");  // a JPEG by a name that browsers give
  for (int i = 0; i < 14; ++i) write_text(folder.path() / format("deep/{}.webp", i), "x");
  write_text(folder.path() / "a.tif", "x");
  write_text(folder.path() / "._b.webp", "x");
  write_text(folder.path() / "labels.csv", "x");
  testing::internal::CaptureStderr();
  const ImageFolder train = open_folder(folder.path(), Split::kTrain), val = open_folder(folder.path(), Split::kVal);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(train.size() + val.size(), 10);
  EXPECT_THAT(log, HasSubstr("left out: 15 images, as only JPEG and PNG are read: 14 x .webp, 1 x .tif\n"));
  EXPECT_EQ(log.find("left out"), log.rfind("left out"));  // once, though both sets come from the folder
  Inspection found(train.vocabulary()), found_in_val(val.vocabulary());
  train.inspect_list(found);
  val.inspect_list(found_in_val);
  ASSERT_EQ(found.findings().size(), 1u);
  EXPECT_EQ(found.findings()[0].line(),
            folder.path().string() + ": not used: 15 images of other formats than JPEG and PNG: 14 x .webp, 1 x .tif");
  EXPECT_EQ(found.num_wrong(), 0);
  EXPECT_TRUE(found_in_val.findings().empty());
}

TEST(ImageNet, AFolderOfItsOwnSaysWhatIsLeftOut) {
  TemporaryFolder folder;
  write_numbered_image(folder.path() / "train/a/1.jpg", 1);
  write_numbered_image(folder.path() / "val/a/2.jpg", 2);
  write_text(folder.path() / "val/a/3.heic", "x");
  testing::internal::CaptureStderr();
  open_imagenet(folder.path(), Split::kTrain);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  open_imagenet(folder.path(), Split::kVal);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("1 x .heic"));
  fs::remove(folder.path() / "train/a/1.jpg");
  write_text(folder.path() / "train/a/1.webp", "x");
  EXPECT_THAT(message_of([&] { open_imagenet(folder.path(), Split::kTrain); }),
              HasSubstr("1 x .webp: of these formats none"));
}

TEST(Folder, FingerprintFollowsNamesAndSizesApart) {
  TemporaryFolder here, there;
  write_flat_folder(here.path(), 12);
  fs::copy(here.path(), there.path(), fs::copy_options::recursive);
  const auto print = [](const TemporaryFolder& folder) { return open_folder(folder.path(), Split::kTrain).fingerprint(); };
  const Fingerprint before = print(here);
  EXPECT_EQ(before, print(there));
  const ImageFolder train = open_folder(there.path(), Split::kTrain);
  write_text(train.name(0), "shorter");
  EXPECT_EQ(before.names, print(there).names);
  EXPECT_NE(before.sizes, print(there).sizes);
  fs::rename(here.path() / "image_03.jpg", here.path() / "image_99.jpg");
  EXPECT_NE(before.names, print(here).names);
}

TEST(Folder, ATruncatedFileIsADataErrorOfItsOwn) {
  TemporaryFolder folder;
  write_flat_folder(folder.path(), 4);
  const ImageFolder train = open_folder(folder.path(), Split::kTrain);
  fs::resize_file(train.name(1), fs::file_size(train.name(1)) / 2);
  EXPECT_NO_THROW(train.get(0));
  EXPECT_THAT(message_of([&] { train.get(1); }), HasSubstr(train.name(1)));
}

}  // namespace
}  // namespace glid
