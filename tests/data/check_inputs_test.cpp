// What `glid_data check` says about inputs that people bring: names, formats, units and masks as they happen to be.
#include <gmock/gmock.h>

#include <algorithm>

#include "check_program.h"
#include "demo_folder.h"
#include "glid/core/files.h"
#include "glid/core/utf8.h"
#include "glid/formats/label_map.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// All boxes of a split speak together.
TEST_F(CheckCoco, BoxesInOtherUnits) {
  const auto box = [](int id, const char* numbers) { return object(id, format(R"("bbox": [{}])", numbers)); };
  annotate(box(1, "0.1, 0.2, 0.5, 0.5") + "," + box(2, "0.4, 0.1, 0.3, 0.9"));
  const ProgramResult fractions = check_train("coco");
  expect_wrong(fractions,
               "annotation 2 (id 2) of a.png: boxes that speak for another unit or order: 2 of 2 boxes lie within");
  EXPECT_THAT(fractions.output, HasSubstr("box_unit: 1 x "));
  annotate(box(1, "2, 2, 12, 9") + "," + box(2, "20, 12, 29, 19") + "," + box(3, "18, 3, 28, 19"));
  expect_wrong(check_train("coco"), "2 of 3 boxes leave their image, but all fit it as [x0, y0, x1, y1]");
}

// What can't be used keeps nobody from hearing the rest.
TEST_F(CheckCoco, ABoxThatIsAStringHidesNothing) {
  annotate(object(1, R"("bbox": "2, 2, 4, 3")") + "," + object(2, R"("bbox": [2, 2, 0, 3], )" + kMask) + "," +
           object(3, kGood));
  fs::remove(image("b"));
  const ProgramResult ran = check_train("coco");
  expect_wrong(ran, R"(annotation 1 (id 1): annotation can't be used: "bbox" is not a list (got "2, 2, 4, 3"))");
  expect_wrong(ran, "annotation 2 (id 2) of a.png: box without width or height");
  expect_wrong(ran, "b.png: image is not there");
  EXPECT_THAT(ran.output, AllOf(HasSubstr("coco train: 2 images"), HasSubstr("NOT FIT: 2 images in 1 split, 3 findings ")));
}

TEST_F(CheckCoco, CategoriesOfOneNameAreToldApart) {
  const std::string images = R"({"images": [{"id": 1, "file_name": "a.png", "height": 20, "width": 30}], )";
  write_text(root / "annotations/instances_train.json",
             images + R"("categories": [{"id": 7, "name": "cat"}, {"id": 3, "name": "cat"}, {"id": 4, "name": "dog"},
             {"id": 5}, {"id": 6}], "annotations": [{"id": 1, "image_id": 1, "category_id": 7, "area": 9, )" +
                 kGood + "}]}");
  const ProgramResult ran = check_train("coco");
  expect_legal(ran, "repeated_name: 1 x categories of one name, which tables tell apart by their ids\n");
  EXPECT_THAT(ran.output,
              AllOf(HasSubstr("cat has the ids 3, 7"), HasSubstr("7  cat (id 7) "), HasSubstr("cat (id 3); dog")));
}

TEST_F(CheckCoco, SplitsOfTheSameImages) {
  annotate(object(1, kGood) + "," + object(2, kGood));
  fs::copy_file(root / "annotations/instances_train.json", root / "annotations/instances_val.json");
  fs::create_directory_symlink(root / "train", root / "val");
  expect_legal(check("coco", root), "in_both_splits: 1 x images to train on among those to validate on\n");
  fs::remove(root / "val");
  fs::copy(root / "train", root / "val");
  EXPECT_THAT(check("coco", root).output, HasSubstr(": all 2 of val are trained on too\n")) << "copies";
  write_text(root / "val/b.png", encode_png(numbered_image(3, 20, 30)));
  EXPECT_THAT(check("coco", root).output, Not(HasSubstr("in_both_splits")));
}

TEST_F(CheckCoco, ShowNamesTheSplitThatIsThere) {
  annotate(object(1, kGood) + "," + object(2, kGood));
  const ProgramResult ran = run("glid_data", {"show", "--dataset", "coco", "--root", root.string(), "--out",
                                              (folder_.path() / "sheet.png").string()});
  EXPECT_EQ(ran.code, 3) << ran.output;
  EXPECT_THAT(ran.output, AllOf(HasSubstr(": has no val: "), HasSubstr("; --split train is there\n")));
}

TEST_F(CheckCoco, NoTrainingSplit) {
  annotate(object(1, kGood) + "," + object(2, kGood));
  fs::rename(root / "annotations/instances_train.json", root / "annotations/instances_val.json");
  fs::rename(root / "train", root / "val");
  const ProgramResult ran = check("coco", root);
  expect_wrong(ran, "nothing to train on (--split val looks at that split alone): ");
  EXPECT_THAT(ran.output, AllOf(HasSubstr("instances_train2017.json: is not there"), HasSubstr("coco val: 2 images")));
  expect_legal(check("coco", root, {"--split", "val"}), "coco val: 2 images");
}

// Fit to train on, but a run validates: it stops where it can't (Shares.WithoutAValidationSplitARunSaysWhatToDo).
TEST_F(CheckCoco, NoValidationSplit) {
  annotate(object(1, kGood) + "," + object(2, kGood));
  const ProgramResult ran = check("coco", root);
  expect_wrong(ran, "no_split: 1 x a split is not there");
  EXPECT_THAT(ran.output,
              AllOf(HasSubstr("coco train: 2 images"), HasSubstr("NOT FIT: 2 images in 1 split, 1 finding "),
                    HasSubstr("no val: nothing to validate on (glid_train --set eval.split=train takes the training"),
                    HasSubstr("instances_val2017.json: is not there")));
  expect_legal(check_train("coco"), "coco train: 2 images");
}

TEST(CheckProgram, VocWithoutAValidationSplit) {
  const DemoFolder demo(DemoLayout::kVoc);
  fs::remove(demo.root() / "ImageSets/Main/val.txt");
  expect_wrong(check("voc", demo.root()),
               "no val: nothing to validate on (glid_train --set eval.split=train takes the training");
}

TEST_F(CheckCoco, JointsThatNoPoseCanBeLearnedFrom) {
  const auto persons = [&](const std::string& joints, const std::string& a, const std::string& b) {
    write_text(root / "annotations/person_keypoints_train.json", R"({"images": [
      {"id": 1, "file_name": "a.png", "height": 20, "width": 30},
      {"id": 2, "file_name": "b.png", "height": 20, "width": 30}],
      "categories": [{"id": 1, "name": "person")" + joints + R"(}], "annotations": [
      {"id": 1, "image_id": 1, "category_id": 1, "area": 9, )" + kGood +
                                                                     R"(, "keypoints": [)" + a + R"(]},
      {"id": 2, "image_id": 2, "category_id": 1, "area": 9, )" + kGood +
                                                                     R"(, "keypoints": [)" + b + "]}]}");
    return check_train("coco_pose");
  };
  const std::string one = "3, 3, 2", three = one + ", 4, 4, 2, 5, 3, 1";
  const std::string where = "person_keypoints_train.json: category 1 (person): ";
  const ProgramResult mixed = persons(R"(, "keypoints": [], "skeleton": [])", one, three);
  expect_wrong(mixed, where + "objects of a category have different numbers of joints (got 1 in 1 object, 3 in 1 object)");
  expect_wrong(mixed, where + "category without names of joints: ");
  const ProgramResult unnamed = persons("", three, three);
  expect_wrong(unnamed, where + "category without names of joints: ");
  EXPECT_THAT(unnamed.output, Not(HasSubstr("different numbers")));
  expect_legal(persons(R"(, "keypoints": ["nose", "hand", "foot"])", three, three), "coco_pose train: 2 images");
}

TEST(CheckProgram, MasksOfBlackAndWhite) {
  const DemoFolder demo(DemoLayout::kPairs);
  const auto paint = [&](uint16_t a, uint16_t b) {
    for (const char* split : {"train", "val"})
      for (const auto& entry : fs::directory_iterator(demo.root() / "labels" / split)) {
        LabelMap map{64, 64, std::vector<uint16_t>(64 * 64, a)};
        std::fill_n(map.labels.begin(), 3000, b);
        write_label_png(entry.path(), map);
      }
  };
  const std::vector<std::string> two{"--set", "data.num_classes=2"};
  paint(0, 255);
  const ProgramResult ran = check("pairs", demo.root(), two);
  expect_wrong(ran, "scene_000000.png: labels are all 0 or 255, and 255 is no class (got 255 in 33000 of 45056 pixels: ");
  EXPECT_THAT(ran.output, HasSubstr("2 findings"));  // one a split
  paint(1, 255);
  expect_legal(check("pairs", demo.root(), two), "scene_000000.png: most pixels have no class (got 33000 of 45056 pixels");
  paint(0, 1);
  expect_legal(check("pairs", demo.root(), two), "0 legal ones");
  paint(255, 0);  // most of it is 0
  expect_wrong(check("pairs", demo.root(), two), "labels are all 0 or 255");
}

TEST(CheckProgram, Ade20kClassesHaveTheNumbersOfTheFiles) {
  const DemoFolder demo(DemoLayout::kAde20k);
  for (const auto& entry : fs::directory_iterator(demo.root() / "annotations/training"))
    write_label_png(entry.path(), {64, 64, std::vector<uint16_t>(64 * 64, 1)});
  EXPECT_THAT(check("ade20k", demo.root(), {"--split", "train"}).output, HasSubstr("\n       1  wall "));
}

TEST(CheckProgram, VocNamesAsPeopleWriteThem) {
  const DemoFolder demo(DemoLayout::kVoc);
  const fs::path list = demo.root() / "ImageSets/Main/train.txt", images = demo.root() / "JPEGImages";
  const std::string names = read_file(list);
  const auto rename = [&](const std::string& from, const std::string& to, const std::string& extension) {
    fs::rename(images / (from + ".jpg"), images / (to + extension));
    fs::rename(demo.root() / "Annotations" / (from + ".xml"), demo.root() / "Annotations" / (to + ".xml"));
  };
  rename("train_000000", "train_000000", ".JPG");
  rename("train_000001", "IMG 1", ".jpg");  // 1 is no mark here: there is an image of that name
  rename("train_000002", "IMG (2)", ".Jpeg");
  std::string changed = "\xEF\xBB\xBF" + names;
  changed.replace(changed.find("train_000001"), 12, "IMG 1  ");
  changed.replace(changed.find("train_000002"), 12, "IMG (2)  -1\r");
  write_text(list, changed);
  const ProgramResult ran = check("voc", demo.root());
  expect_legal(ran, "12 images in 2 splits, 0 findings with which training would be wrong, 0 legal ones");
  write_text(list, changed + "train_000003\n");
  expect_legal(check("voc", demo.root()),
               "Annotations/train_000003.xml: file of more than one image (got samples 4 and 12)");
  write_text(images / "train_000005.webp", "x");
  fs::remove(images / "train_000005.jpg");
  expect_wrong(check("voc", demo.root()), "train_000005.webp: image can't be read: is not a JPEG or PNG image");
}

TEST(CheckProgram, NyuListsAsPeopleWriteThem) {
  const DemoFolder demo(DemoLayout::kNyuDepth);
  const fs::path list = demo.root() / "nyudepthv2_train_files_with_gt.txt";
  const std::string lines = read_file(list);
  write_text(list, "\xEF\xBB\xBF" + lines + lines.substr(0, lines.find('\n')) + "\r\n");
  expect_legal(check("nyu_depth", demo.root()), "rgb_00000.jpg: file of more than one image (got samples 1 and 12)");
}

TEST(CheckProgram, ImagesOfOtherFormats) {
  const DemoFolder demo(DemoLayout::kPairs);
  fs::rename(demo.root() / "images/train/scene_000001.jpg", demo.root() / "images/train/scene_000001.webp");
  const ProgramResult ran = check("pairs", demo.root());
  expect_wrong(ran, "images: not used: 1 image of other formats than JPEG and PNG: 1 x .webp");
  expect_wrong(ran, "scene_000001.png: image is not there: a label without an image");
  const DemoFolder ade(DemoLayout::kAde20k);
  fs::copy(ade.root() / "images/training/ADE_train_00000001.jpg", ade.root() / "images/training/more.tif");
  expect_legal(check("ade20k", ade.root()), "1 x .tif");
}

// Names of Latin-1 are text in what is written, and two of them stay two.
TEST(CheckProgram, NamesThatAreNotUtf8) {
  TemporaryFolder folder;
  for (int i = 0; i < 10; ++i) write_numbered_image(folder.path() / format("{}.jpg", i), i);
  for (const char* name : {"M\xFCller.jpg", "M\xF6ller.jpg"}) write_text(folder.path() / name, "no image");
  const fs::path json = folder.path() / "new/out.json";
  const ProgramResult ran = check("folder", folder.path(), {"--json", json.string()});
  expect_wrong(ran, "M\\xFCller.jpg: image can't be read");
  expect_wrong(ran, "M\\xF6ller.jpg: image can't be read");
  EXPECT_EQ(to_utf8(ran.output), ran.output);
  EXPECT_EQ(to_utf8(read_file(json)), read_file(json));
  EXPECT_THAT(read_file(json), HasSubstr("M\\\\xFCller.jpg"));
}

TEST(CheckProgram, PlacesAreRefusedBeforeTheWork) {
  const DemoFolder demo(DemoLayout::kPairs);
  const ProgramResult ran = check("pairs", demo.root(), {"--json", demo.root().string()});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, AllOf(HasSubstr("--json: is a folder"), Not(HasSubstr("pairs train"))));
  EXPECT_EQ(run("glid_data", {"show", "--dataset", "pairs", "--root", "nowhere", "--out", demo.root().string()}).code, 2);
  const std::string below = (demo.root() / "images/train/scene_000000.jpg/demo").string();
  EXPECT_EQ(run("glid_data", {"make-demo", "--out", below, "--count", "20", "--size", "32"}).code, 2);
}

TEST(CheckProgram, ASignalLeavesNothingOfADemo) {
  TemporaryFolder folder;
  const fs::path out = folder.path() / "new/demo";
  const Program program("glid_data", {"make-demo", "--out", out.string(), "--count", "100000", "--size", "256"});
  ASSERT_TRUE(Program::wait_for_temporary_of(out)) << program.output();
  program.send(SIGTERM);
  EXPECT_EQ(program.wait().code, 128 + SIGTERM);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace glid
