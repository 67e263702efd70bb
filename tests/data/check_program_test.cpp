// What `glid_data check` and `show` say about every defect, and their exit codes.
#include <gmock/gmock.h>

#include "check_program.h"
#include "demo_folder.h"
#include "glid/core/files.h"
#include "glid/core/json.h"
#include "glid/data/inspection.h"
#include "glid/formats/depth_map.h"
#include "glid/formats/image_file.h"
#include "glid/formats/label_map.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CheckProgram, EveryMiniatureIsFit) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"imagenet", "imagenet", "star"}, {"imagenet", "folder", "48 x 48 in"}, {"coco", "coco", "triangle"},
      {"coco", "coco_pose", "object"},  {"ade20k", "ade20k", "wall"},         {"nyu_depth", "nyu_depth", "m in the middle"},
      {"voc", "voc", "cross"},          {"pairs", "pairs", "pixels"},         {"coco", "coco_panoptic", "segments"}};
  for (const auto& [layout, dataset, part] : cases) {
    TemporaryFolder folder;
    const std::string root = (folder.path() / "demo").string();
    ASSERT_EQ(run("glid_data", {"make-demo", "--out", root, "--layout", layout, "--count", "20", "--size", "48"}).code, 0);
    const ProgramResult ran = check(dataset, root);
    EXPECT_EQ(ran.code, 0) << ran.output;
    EXPECT_THAT(ran.output, AllOf(HasSubstr(part), HasSubstr(dataset + " train: "), HasSubstr(dataset + " val: ")))
        << layout;
    EXPECT_THAT(ran.output, HasSubstr("images in 2 splits, 0 findings with which training would be wrong"));
  }
}

TEST(CheckProgram, ScenesNeedNoRoot) {
  const ProgramResult ran =
      run("glid_data", {"check", "--dataset", "scenes", "--set", "data.count=20", "--set", "data.size=48"});
  expect_legal(ran, "background");
}

TEST_F(CheckCoco, CountsClasses) {
  annotate(object(1, kBox) + "," + object(2, kBox));
  expect_legal(check_train("coco"), "instances_train.json: object without a mask: 2 objects, none with a mask");
  annotate(object(1, kGood) + "," + object(2, kGood) + "," + object(4, kGood));
  const ProgramResult ran = check_train("coco");
  expect_legal(ran, "       3  cat              3          2  100.0%");
  EXPECT_THAT(ran.output, HasSubstr("coco train: 2 images"));
  EXPECT_THAT(ran.output, HasSubstr("  1 size: 30 x 20 in 2\n"));
}

TEST_F(CheckCoco, WrongAnnotations) {
  const std::string file = (root / "annotations/instances_train.json").string();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("bbox": [2, 2, 0, 3], )" + kMask, "annotation 2 (id 2) of a.png: box without width or height (got [2, 2, 2, 5])"},
      {R"("bbox": [2, 2, 4, -3], )" + kMask,
       "annotation 2 (id 2) of a.png: box without width or height (got [2, 2, 6, -1])"},
      {R"("bbox": [30, 2, 4, 3], )" + kMask,
       "annotation 2 (id 2) of a.png: box wholly outside of its image (got [30, 2, 34, 5] in 30 x 20)"},
      {R"("iscrowd": 0)", "annotation 2 (id 2) of a.png: object without a box and without a mask"},
      {kBox + R"(, "segmentation": [[2, 2, 2, 2, 2, 2]])", "annotation 2 (id 2) of a.png: mask without a pixel"},
      {kBox + R"(, "segmentation": [[2, 2, 1e300, 2, 2, 9]])", "annotation 2 (id 2) of a.png: mask can't be used"},
      {kGood + R"(, "keypoints": [1, 1, 3])", "joint 1 at (1, 1) with v = 3"},
  };
  for (const auto& [fields, line] : cases) {
    annotate(object(1, kGood) + "," + object(2, fields));
    expect_wrong(check_train("coco"), line.starts_with("joint") ? line : file + ": " + line);
  }
}

TEST_F(CheckCoco, LegalAnnotations) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("bbox": [-3, 2, 9, 3], )" + kMask, "box that reaches out of its image (got [-3, 2, 6, 5] in 30 x 20)"},
      {kBox, "annotation 2 (id 2) of a.png: object without a mask"},
      {kBox + R"(, "segmentation": [[2, 2, 6, 2, 6, 5, 2, 5], [1, 1, 5, 5, 9, 9]])", "beside others (got polygon 2)"},
      {kGood + R"(, "num_keypoints": 2, "keypoints": [1, 1, 2])",
       "num_keypoints is not the number of labelled keypoints (got 2 of 1)"},
      {kGood + R"(, "keypoints": [31, 1, 2])", "labelled keypoint outside of its image"},
  };
  for (const auto& [fields, line] : cases) {
    annotate(object(1, kGood) + "," + object(2, fields));
    expect_legal(check_train("coco"), line);
  }
  annotate(object(0, kGood));
  expect_legal(check_train("coco"), "annotations with the id 0 (got 1)");
  EXPECT_THAT(check_train("coco").output, HasSubstr("b.png: image without annotations"));
  annotate(object(2, kGood) + "," + object(2, kGood));
  expect_legal(check_train("coco"), "annotations with the id of an earlier one (got 1)");
  annotate(object(1, kGood), R"(, {"id": 7, "file_name": "a.png", "height": 20, "width": 30})");
  expect_legal(check_train("coco"), "a.png: file of more than one image (got ids 1 and 7)");
}

TEST_F(CheckCoco, ObjectsWithoutAnAreaAreCounted) {
  annotate(R"({"id": 1, "image_id": 1, "category_id": 3, )" + kGood + R"(}, {"id": 2, "image_id": 2, "category_id": 3, )" +
           kGood + "}");
  expect_legal(check_train("coco"), "no_area: ");
  EXPECT_THAT(check_train("coco").output, HasSubstr("(got 2)"));
  annotate(object(1, kGood));
  EXPECT_THAT(check_train("coco").output, Not(HasSubstr("no_area")));
}

TEST_F(CheckCoco, BadImages) {
  annotate(object(1, kGood) + "," + object(2, kGood));
  write_text(image("a"), encode_png(Image::filled(20, 31, 9)));
  expect_wrong(check_train("coco"),
               "a.png: image has another size than its annotation says (got 31 x 20 instead of 30 x 20)");
  write_text(image("a"), encode_png(numbered_image(3, 20, 30)));
  fs::resize_file(image("a"), fs::file_size(image("a")) / 2);
  expect_wrong(check_train("coco"), image("a").string() + ": image can't be read: ");
  fs::remove(image("a"));
  expect_wrong(check_train("coco"), image("a").string() + ": image is not there\n");
}

TEST_F(CheckCoco, WhatCannotBeOpenedIsOneFinding) {
  write_text(root / "annotations/instances_train.json", R"({"images": [)");
  expect_wrong(check_train("coco"), "instances_train.json: is not valid JSON");
  const ProgramResult nothing = check("coco", root / "nowhere");
  expect_wrong(nothing, "instances_train2017.json: is not there");
  EXPECT_THAT(nothing.output, HasSubstr("NOT FIT: 0 images in 0 splits, 1 finding "));
}

TEST_F(CheckCoco, ListsWithoutWhatIsNeeded) {
  annotate(object(1, kGood), R"(, {"id": 8, "height": 20, "width": 30})");
  expect_wrong(check_train("coco"), (root / "train").string() + "/: image can't be read");
  annotate(object(1, kGood) + "," + R"({"id": 2, "image_id": 8, "category_id": 3, "area": 1, )" + kGood + "}",
           R"(, {"id": 8, "file_name": "b.png"})");
  expect_wrong(check_train("coco"), "annotation 2 (id 2) of b.png: mask can't be used");
  write_text(root / "annotations/instances_train.json", R"({"images": [], "categories": [], "annotations": []})");
  expect_wrong(check_train("coco"), "instances_train.json: lists no images");
}

TEST_F(CheckCoco, EveryBadRecord) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {kBox + R"(, "segmentation": [[2, 2, 6, 2]])", "has a polygon with fewer than 6 numbers (got 4)"},
      {kBox + R"(, "segmentation": [[2, 2, 6, 2, 6, 5, 1]])", "has a polygon with an odd count of numbers (got 7)"},
      {kBox + R"(, "segmentation": {"counts": [600, 1], "size": [20, 30]})", "longer"},
      {kBox + R"(, "segmentation": {"counts": [9, -1], "size": [20, 30]})", "negative"},
      {kBox + R"(, "segmentation": [[2, "x", {"y": []}]])", "\"segmentation\" is not a finite number (got \"x\")"},
      {R"("bbox": [1, 2, 3])", "\"bbox\" is not four numbers (got 3 numbers)"},
      {kBox + R"(, "image_id": 99)", "belongs to no image of the file (got image_id 99)"},
      {kGood + R"(, "keypoints": [1, 1])", "its keypoints are not 3 numbers for each joint"},
  };
  std::string annotations = object(1, kGood);
  for (size_t i = 0; i < cases.size(); ++i)
    annotations += "," + object(static_cast<int>(i) + 10, cases[i].first) + "," + object(static_cast<int>(i) + 50, kGood);
  annotate(annotations);
  const ProgramResult ran = check_train("coco");
  const std::string file = (root / "annotations/instances_train.json").string();
  for (size_t i = 0; i < cases.size(); ++i) {
    expect_wrong(ran, format("{}: annotation {} (id {}): annotation can't be used: ", file, 2 * i + 2, i + 10));
    expect_wrong(ran, cases[i].second);
  }
  EXPECT_THAT(ran.output, HasSubstr(format("unreadable_annotation: {} x", cases.size())));
}

// Of images and categories too, and of what ends the file.
TEST_F(CheckCoco, EveryBadRecordOfEveryList) {
  const fs::path json = root / "annotations/instances_train.json";
  const std::string text = R"({"images": [
      {"id": 1, "file_name": 7, "height": 20, "width": 30}, {"file_name": "b.png"},
      {"id": 1, "file_name": "b.png", "height": 20, "width": 30}, {"id": 2, "file_name": "b.png", "height": -1, "width": 3}],
      "categories": [{"id": "x"}, {"id": 3, "name": "cat"}], "annotations": [)" +
                           object(2, kGood) + "," + object(1, R"("bbox": [1])");
  const std::vector<std::string> lines = {
      "image 1 (id 1): annotation can't be used: \"file_name\" is not a string (got 7)",
      "image 2: annotation can't be used: has no \"id\"",
      "image 3: annotation can't be used: has the id of an earlier one (got 1)",
      "image 4 (id 2): annotation can't be used: has no possible height and width (got -1 x 3)",
      "category 1: annotation can't be used: \"id\" is not an integer (got \"x\")",
      "annotation 2 (id 1): annotation can't be used: \"bbox\" is not four numbers (got 1 numbers)"};
  write_text(json, text + "]}");
  const ProgramResult whole = check_train("coco");
  for (const std::string& line : lines) expect_wrong(whole, json.string() + ": " + line);
  EXPECT_THAT(whole.output, HasSubstr("NOT FIT: 2 images in 1 split, "));
  write_text(json, text + R"(, {"id" 5}]})");
  const ProgramResult broken = check_train("coco");
  for (const std::string& line : lines) expect_wrong(broken, json.string() + ": " + line);
  expect_wrong(broken, "can't be opened: " + json.string() + ": annotation 3: is not valid JSON");
  write_text(json, text.substr(0, text.find("\"categories")) + R"("annotations": []})");
  const ProgramResult without = check_train("coco");
  expect_wrong(without, json.string() + ": " + lines[0]);
  expect_wrong(without, "can't be opened: " + json.string() + ": has no \"categories\"");
}

TEST(CheckProgram, EveryBadRecordOfAPanopticFile) {
  const TemporaryFolder folder;
  const fs::path json = folder.path() / "annotations/panoptic_train.json";
  write_text(json,
             R"({"images": [{"id": 1, "file_name": 5}, {"id": 2, "file_name": "b.png"}, {"id": 2, "file_name": "c.png"}],
      "categories": [{"id": 3, "name": "cat"}, {"id": 4, "name": "dog", "isthing": 1}], "annotations": [
      {"image_id": "x", "file_name": "a.png", "segments_info": []}, {"image_id": 2, "file_name": "b.png", "segments_info": [
      {"id": 7, "category_id": 4}, {"id": 8, "category_id": 5}]}, {"image_id": 3, "segments_info": []}]})");
  const ProgramResult ran = check("coco_panoptic", folder.path(), {"--split", "train"});
  for (const char* line : {"image 1 (id 1): annotation can't be used: \"file_name\" is not a string (got 5)",
                           "image 3 (id 2): annotation can't be used: has the id of an earlier image",
                           "category 1 (id 3): annotation can't be used: has no \"isthing\"",
                           "annotation 1 (id \"x\"): annotation can't be used: belongs to no image of the file",
                           "annotation 2 (id 2): annotation can't be used: segment 8: belongs to no category of the file",
                           "annotation 3 (id 3): annotation can't be used: has no \"file_name\""})
    expect_wrong(ran, json.string() + ": " + line);
}

TEST_F(CheckCoco, ShowsTwentyLinesOfAKindAndWritesAll) {
  std::string annotations;
  for (int i = 1; i <= 25; ++i) annotations += (i == 1 ? "" : ",") + object(i, R"("bbox": [2, 2, 0, 3], )" + kMask);
  annotate(annotations);
  const fs::path json = root / "out.json";
  const ProgramResult ran = check("coco", root, {"--split", "train", "--json", json.string(), "--threads", "3"});
  expect_wrong(ran, "empty_box: 25 x box without width or height");
  EXPECT_THAT(ran.output, HasSubstr("... and 5 more (--json lists all)"));
  EXPECT_THAT(ran.output, HasSubstr("25 findings with which training would be wrong, 0 legal ones"));
  const Json report = Json::parse(read_file(json), "out.json");
  EXPECT_EQ(report.at("wrong").as_int(), 25);
  const Json& split = report.at("splits").as_array().at(0);
  EXPECT_EQ(split.at("findings").as_array().size(), 25u);
  EXPECT_EQ(split.at("findings").as_array()[24].at("kind").as_string(), "empty_box");
  EXPECT_EQ(split.at("classes").at("objects").as_array()[0].at("instances").as_int(), 25);
  EXPECT_EQ(split.at("sizes").at("median").at("width").as_int(), 30);
  const std::string one_thread = (root / "one.json").string();
  check("coco", root, {"--split", "train", "--json", one_thread, "--threads", "1"});
  EXPECT_EQ(read_file(one_thread), read_file(json));
}

TEST(CheckProgram, Ade20k) {
  const DemoFolder demo(DemoLayout::kAde20k);
  const fs::path labels = demo.root() / "annotations/training", instances = demo.root() / "annotations_instance/training";
  LabelMap map{64, 64, std::vector<uint16_t>(64 * 64, 1)};
  map.labels[7] = 151;
  write_label_png(labels / "ADE_train_00000001.png", map);
  write_label_png(labels / "ADE_train_00000002.png", {2, 2, {1, 1, 1, 1}});
  write_text(labels / "ADE_train_00000003.png", "no PNG");
  write_panoptic_png(instances / "ADE_train_00000004.png", {1, 1, {101 + 256}});
  fs::remove(demo.root() / "images/training/ADE_train_00000005.jpg");
  const ProgramResult ran = check("ade20k", demo.root(), {"--split", "train"});
  expect_wrong(ran, "ADE_train_00000001.png: label out of range (got 151 in 1 pixels)");
  expect_wrong(ran, "ADE_train_00000002.png: annotation has another size than its image (got 2 x 2 instead of 64 x 64)");
  expect_wrong(ran, "ADE_train_00000003.png: annotation can't be used");
  expect_wrong(ran, "ADE_train_00000004.png: annotation has another size than its image");
  expect_wrong(ran, "instance 1 has a category outside 1 to 100");
  expect_wrong(ran, "ADE_train_00000005.png: image is not there: a label without an image");
  EXPECT_THAT(ran.output, Not(HasSubstr("ade20k val")));
}

TEST(CheckProgram, NyuDepth) {
  const DemoFolder demo(DemoLayout::kNyuDepth);
  const fs::path frames = demo.root() / "sync/scenes_0001";
  expect_wrong(check("nyu_depth", demo.root(), {"--set", "data.depth_scale=100000"}), "speaks for another unit (got 0.0");
  write_depth_png(frames / "sync_depth_00000.png", {64, 64, std::vector<double>(64 * 64, 0)}, 1000);
  expect_legal(check("nyu_depth", demo.root()), "sync_depth_00000.png: depth without a valid pixel");
  write_depth_png(frames / "sync_depth_00001.png", {1, 1, {2.5}}, 1000);
  write_label_png(frames / "sync_depth_00002.png", {1, 1, {9}});
  fs::remove(frames / "sync_depth_00003.png");
  fs::remove(frames / "rgb_00004.jpg");
  const ProgramResult ran = check("nyu_depth", demo.root());
  expect_wrong(ran, "sync_depth_00001.png: annotation has another size than its image (got 1 x 1 instead of 64 x 64)");
  expect_wrong(ran, "sync_depth_00002.png: annotation can't be used");
  expect_wrong(ran, "sync_depth_00003.png: annotation is not there");
  expect_wrong(ran, "rgb_00004.jpg: image is not there");
}

TEST(CheckProgram, Voc) {
  const DemoFolder demo(DemoLayout::kVoc);
  const fs::path xml = demo.root() / "Annotations";
  const auto object = [](const char* name, const char* corners) {
    return format("<object><name>{}</name><bndbox>{}</bndbox></object>", name, corners);
  };
  write_text(xml / "train_000000.xml", "<annotation><size><width>64</width><height>64</height></size>" +
                                           object("star", "<xmin>9</xmin><ymin>1</ymin><xmax>8</xmax><ymax>9</ymax>") +
                                           object("star", "<xmin>9</xmin><ymin>1</ymin><xmax>70</xmax><ymax>9</ymax>") +
                                           "</annotation>");
  write_text(xml / "train_000001.xml", "<annotation>");
  fs::remove(xml / "train_000002.xml");
  write_text(xml / "train_000003.xml", "<annotation><size><width>60</width><height>64</height></size></annotation>");
  write_text(xml / "val_000000.xml",
             "<annotation>" + object("moon", "<xmin>1</xmin><ymin>1</ymin><xmax>8</xmax><ymax>9</ymax>") + "</annotation>");
  const ProgramResult ran = check("voc", demo.root());
  expect_wrong(ran, "train_000000.xml: object 1 (star): box without width or height (got [8, 0, 8, 9])");
  expect_wrong(ran, "train_000000.xml: object 2 (star): box that reaches out of its image (got [8, 0, 70, 9] in 64 x 64)");
  expect_wrong(ran, "train_000001.xml: annotation can't be used");
  expect_wrong(ran, "train_000002.xml: annotation is not there");
  expect_wrong(ran, "train_000003.jpg: image has another size than its annotation says (got 64 x 64 instead of 60 x 64)");
  expect_wrong(ran, "train_000003.jpg: image without annotations");
  expect_wrong(ran, "val_000000.xml: object 1 (moon): class that the dataset doesn't have (got moon)");
}

TEST(CheckProgram, Pairs) {
  const DemoFolder demo(DemoLayout::kPairs);
  const fs::path images = demo.root() / "images/train", labels = demo.root() / "labels/train";
  expect_wrong(check("pairs", demo.root(), {"--set", "data.num_classes=2"}), "label out of range (got ");
  expect_legal(check("pairs", demo.root(), {"--set", "data.classes=[ground, a, b, c, d, e, f]"}), "ground");
  fs::remove(labels / "scene_000000.png");
  expect_legal(check("pairs", demo.root()), "scene_000000.jpg: image without annotations: left out");
  fs::remove(images / "scene_000001.jpg");
  write_png(labels / "scene_000002.png", Image::filled(64, 64, 3));
  const ProgramResult ran = check("pairs", demo.root());
  expect_wrong(ran, "scene_000001.png: image is not there");
  expect_wrong(ran, "scene_000002.png: annotation can't be used");
}

TEST(CheckProgram, ImageFolder) {
  const DemoFolder demo(DemoLayout::kImageNet);
  const std::string name = demo.open<ImageNetConfig>()->name(3);
  fs::resize_file(name, fs::file_size(name) / 2);
  expect_wrong(check("imagenet", demo.root()), name + ": image can't be read");
}

TEST(CheckProgram, AConfigurationNeedsOnlyItsData) {
  const DemoFolder demo(DemoLayout::kPairs);
  const fs::path config = demo.root() / "run.yaml";
  write_text(config, "model: {anything: 3}\ndata: {name: pairs, root: " + demo.root().string() + ", num_classes: 7}\n");
  const ProgramResult ran = run("glid_data", {"check", "--config", config.string()});
  expect_legal(ran, "pairs val: 1 image");
  EXPECT_EQ(run("glid_data", {"check", "--config", config.string(), "--set", "data.num_classes=3"}).code, 3);
  EXPECT_EQ(run("glid_data", {"check", "--config", config.string(), "--set", "data.pears.num_classes=3"}).code, 2);
}

TEST(CheckProgram, UsageErrors) {
  EXPECT_EQ(run("glid_data", {"check"}).code, 2);
  EXPECT_EQ(run("glid_data", {"check", "--dataset", "coco"}).code, 2);
  const ProgramResult ran = check("cocoa", "x");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.output, HasSubstr("--dataset: data.name must be one of imagenet|folder|scenes|coco|"));
  EXPECT_EQ(check("coco", "x", {"--split", "test"}).code, 2);
  EXPECT_EQ(run("glid_data", {"make-demo", "--out", "x", "--layout", "yolo"}).code, 2);
}

TEST(ShowProgram, DrawsASheetOfEveryDataset) {
  for (const auto& [layout, dataset] : {std::pair{DemoLayout::kCoco, "coco"},
                                        {DemoLayout::kCoco, "coco_pose"},
                                        {DemoLayout::kCoco, "coco_panoptic"},
                                        {DemoLayout::kAde20k, "ade20k"},
                                        {DemoLayout::kNyuDepth, "nyu_depth"},
                                        {DemoLayout::kVoc, "voc"},
                                        {DemoLayout::kPairs, "pairs"}}) {
    const DemoFolder demo(layout);
    const std::string out = (demo.root() / "sheet.png").string();
    const ProgramResult ran = run("glid_data", {"show", "--dataset", dataset, "--root", demo.root().string(), "--out", out,
                                                "--count", "6", "--split", "train"});
    EXPECT_EQ(ran.code, 0) << ran.output;
    EXPECT_GE(read_image(out).width, 4 * 64) << dataset;
  }
}

TEST(ShowProgram, WritesWhatTheExtensionSays) {
  const DemoFolder demo(DemoLayout::kCoco);
  const auto show = [&](const std::string& name) {
    return run("glid_data",
               {"show", "--dataset", "coco", "--root", demo.root().string(), "--out", (demo.root() / name).string()});
  };
  for (const std::string name : {"sheet.jpg", "sheet.JPEG"}) {
    const ProgramResult ran = show(name);
    EXPECT_EQ(ran.code, 0) << ran.output;
    EXPECT_TRUE(is_jpeg(read_file(demo.root() / name))) << name;
    EXPECT_THAT(ran.output, HasSubstr("wrote "));
  }
  EXPECT_EQ(show("sheet.png").code, 0);
  EXPECT_TRUE(is_png(read_file(demo.root() / "sheet.png")));
  const ProgramResult refused = show("sheet.gif");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.output, HasSubstr("--out: must end in .png, .jpg or .jpeg (got "));
  EXPECT_FALSE(std::filesystem::exists(demo.root() / "sheet.gif"));
}

}  // namespace
}  // namespace glid
