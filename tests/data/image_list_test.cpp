#include "glid/data/image_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "glid/core/error.h"
#include "glid/data/shared_images.h"
#include "support/temporary_folder.h"
#include "write_images.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> stems_of(const ImageList& list) {
  std::vector<std::string> stems;
  for (int64_t id = 0; id < list.size(); ++id) stems.push_back(list.stem(id));
  return stems;
}

std::string refusal_of(const fs::path& input) {
  try {
    ImageList list(input);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

class ImageLists : public testing::Test {
 protected:
  fs::path file(const std::string& name) const { return folder_.path() / name; }
  void write_images(const std::vector<std::string>& names) const {
    for (const std::string& name : names) write_numbered_image(file(name), 1);
  }

  TemporaryFolder folder_;
};

TEST_F(ImageLists, OfAFolderAreNamedByTheirPathsBelowIt) {
  write_images({"in/b.jpg", "in/a/c.JPG", "in/.hidden/d.jpg"});
  write_text(file("in/notes.md"), "no image");
  const ImageList list(file("in"));
  EXPECT_THAT(stems_of(list), ElementsAre("a/c", "b"));
  EXPECT_EQ(list.image_id(0), ImageId("a/c"));
  EXPECT_EQ(list.get(1).name, file("in/b.jpg").string());
  EXPECT_EQ(list.get(1).image, read_image(file("in/b.jpg")));
}

TEST_F(ImageLists, OfTwoSplitsMayShareImages) {
  write_images({"in/a.jpg", "in/b.jpg", "in/c.jpg", "in/d.jpg"});
  write_text(file("in/train.txt"), "a.jpg\nb.jpg\n");
  write_text(file("in/val.txt"), "b.jpg\nc.jpg\nd.jpg\n");
  const ImageList train(file("in/train.txt"));
  EXPECT_EQ(shared_images(train, ImageList(file("in/val.txt"))), "1 of the 3 of val is trained on too");
  write_text(file("in/val.txt"), "a.jpg\nb.jpg\nd.jpg\n");
  EXPECT_EQ(shared_images(train, ImageList(file("in/val.txt"))), "2 of the 3 of val are trained on too");
  EXPECT_EQ(shared_images(train, ImageList(file("in/a.jpg"))), "the one of val is trained on too");
  EXPECT_EQ(shared_images(train, ImageList(file("in/c.jpg"))), "");
}

TEST_F(ImageLists, OfOtherEncodingsAreRefused) {
  write_text(file("list.txt"), std::string("a\0.\0j\0p\0g\0", 10));
  EXPECT_THAT(refusal_of(file("list.txt")), HasSubstr("list.txt: is no list of images: it has bytes of zero"));
}

TEST_F(ImageLists, LongNamesLeaveRoomForEndings) {
  const std::string bytes(100, '\xFF'), letters(250, 'm');  // the former are written as four characters each
  write_images({"in/" + bytes + ".png", "in/a/" + letters + ".jpg", "in/a/" + letters + ".png"});
  const std::vector<std::string> stems = stems_of(ImageList(file("in")));
  EXPECT_EQ(std::set<std::string>(stems.begin(), stems.end()).size(), 3u);
  for (const std::string& stem : stems) EXPECT_LT(fs::path(stem).filename().string().size(), 200u) << stem;
}

TEST_F(ImageLists, NamesOfCocoAreNumbers) {
  write_images({"in/x/000000000009.jpg", "in/000000000012.jpg"});
  const ImageList list(file("in"));
  EXPECT_THAT(stems_of(list), ElementsAre("x/000000000009", "000000000012"));
  EXPECT_EQ(list.image_id(0), ImageId(9));
  EXPECT_EQ(list.image_id(1), ImageId(12));
  write_images({"in/13.jpg"});
  EXPECT_EQ(ImageList(file("in")).image_id(0), ImageId("000000000012")) << "not all are";
}

TEST_F(ImageLists, OfATextNameOneFileALine) {
  write_images({"in/a.jpg", "in/deep/b.jpg", "other.jpg"});
  write_text(file("in/list.txt"), "# of today\r\ngone.jpg\ndeep/b.jpg\r\n\r\n" + file("in/a.jpg").string() + "\n");
  const ImageList list(file("in/list.txt"));
  EXPECT_THAT(stems_of(list), ElementsAre("gone", "deep/b", "a")) << "in its order";
  EXPECT_THROW(list.get(0), DataError);
  EXPECT_EQ(list.get(1).image, read_image(file("in/deep/b.jpg")));
}

TEST_F(ImageLists, OfATextAreNamedBelowItsFolder) {
  write_text(file("in/one.txt"), "deep/er/b.jpg\n");
  EXPECT_THAT(stems_of(ImageList(file("in/one.txt"))), ElementsAre("deep/er/b")) << "whatever else the list names";
  write_text(file("in/beside.txt"), "../other.jpg\ndeep/b.jpg\n");
  EXPECT_THAT(stems_of(ImageList(file("in/beside.txt"))), ElementsAre("other", "in/deep/b")) << "none leaves the output";
  write_text(file("lists/val.txt"), "../in/y/b.jpg\n../in/x/a.jpg\n");
  EXPECT_THAT(stems_of(ImageList(file("lists/val.txt"))), ElementsAre("y/b", "x/a")) << "below what all lie in";
  write_text(file("lists/coco.txt"), "../in/000000000009.jpg\n../in/000000000007.jpg\n");
  EXPECT_EQ(ImageList(file("lists/coco.txt")).image_id(1), ImageId(7));
}

TEST_F(ImageLists, OfATextCountAFileOnceAndSaySo) {
  write_text(file("list.txt"), "b.jpg\na.jpg\nx/../b.jpg\na.jpg\n");
  testing::internal::CaptureStderr();
  EXPECT_THAT(stems_of(ImageList(file("list.txt"))), ElementsAre("b", "a"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("list.txt: 2 lines name a file again, which counts once: x/../b.jpg, .."));
}

// What is in a name depends on the files alone, not on their order.
TEST_F(ImageLists, KeepExtensionsThatTellNamesApart) {
  write_images({"in/x.jpg", "in/x.jpeg", "in/y.jpg", "in/deep/x.jpg"});
  EXPECT_THAT(stems_of(ImageList(file("in"))), ElementsAre("deep/x", "x.jpeg", "x.jpg", "y"));
  write_images({"in/x.jpg.png"});
  EXPECT_THAT(stems_of(ImageList(file("in"))), ElementsAre("deep/x", "x.jpeg", "x.jpg", "x.jpg.png", "y"));
  write_text(file("list.txt"), "a.png\na.jpg\nb.jpg\n");
  EXPECT_THAT(stems_of(ImageList(file("list.txt"))), ElementsAre("a.png", "a.jpg", "b"));
}

TEST_F(ImageLists, HaveNamesThatAreUtf8) {
  write_images({"in/M\xFCller.jpg", "in/M\xFCller.png", "in/\xE9t\xE9/z.jpg"});
  const ImageList list(file("in"));
  EXPECT_THAT(stems_of(list), ElementsAre("M\\xFCller.jpg", "M\\xFCller.png", "\\xE9t\\xE9/z"));
  EXPECT_EQ(list.get(0).name, file("in/M\xFCller.jpg").string()) << "the file";
  EXPECT_THAT(stems_of(ImageList(file("in/M\xFCller.png"))), ElementsAre("M\\xFCller"));
}

// What stands for a byte is no name of another file.
TEST_F(ImageLists, NamesThatAreNotUtf8AreNobodyElses) {
  write_images({"in/M\xFCller.jpg", "in/M\\xFCller.jpg", "in/M\\x5CxFCller.jpg", "in/a\\b.jpg"});
  EXPECT_THAT(stems_of(ImageList(file("in"))),
              ElementsAre("M\\x5Cx5CxFCller", "M\\x5CxFCller", "M\\xFCller", "a\\b"));
}

TEST_F(ImageLists, WithoutImagesAreRefused) {
  fs::create_directory(file("empty"));
  EXPECT_THAT(refusal_of(file("none")), HasSubstr("none: does not exist"));
  EXPECT_THAT(refusal_of(file("empty")), HasSubstr("empty: holds no images"));
  write_text(file("list.txt"), "# nothing\n\n");
  EXPECT_THAT(refusal_of(file("list.txt")), HasSubstr("list.txt: names no image"));
}

class NumberedImages : public ImageLists {
 protected:
  // Of a COCO file with these images.
  fs::path annotations(const std::string& images) const {
    write_text(file("coco.json"), R"({"images": [)" + images + "]}");
    return file("coco.json");
  }
  std::string refusal(const std::string& images) const {
    try {
      ImageList(file("in")).numbered_by(annotations(images));
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(NumberedImages, HaveTheIdsAndTheOrderOfACocoFile) {
  write_images({"in/b.jpg", "in/a/c.jpg", "in/c.jpg", "in/new.jpg"});
  const fs::path coco = annotations(R"({"id": 30, "file_name": "b.jpg"}, {"id": 4, "file_name": "c.jpg"},
      {"id": 5, "file_name": "gone.jpg"}, {"id": 7, "file_name": "in/a/c.jpg"})");
  testing::internal::CaptureStderr();
  const ImageList list = ImageList(file("in")).numbered_by(coco);
  EXPECT_THAT(stems_of(list), ElementsAre("c", "a/c", "b"));
  EXPECT_EQ(list.image_id(0), ImageId(4)) << "its path below the folder, though another one ends so";
  EXPECT_EQ(list.image_id(1), ImageId(7)) << "the end of its path";
  EXPECT_EQ(list.image_id(2), ImageId(30));
  EXPECT_EQ(list.get(2).name, file("in/b.jpg").string());
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::AllOf(HasSubstr("left out: 1 of 4 images, which " + coco.string() + " doesn't list, as new.jpg"),
                             HasSubstr("1 of 4 images are not among these")));
}

TEST_F(NumberedImages, MayHaveNames) {
  write_images({"in/b.jpg"});
  EXPECT_EQ(ImageList(file("in/b.jpg")).numbered_by(annotations(R"({"id": "x7", "file_name": "b.jpg"})")).image_id(0),
            ImageId("x7"));
}

TEST_F(NumberedImages, MustBeListedOnce) {
  write_images({"in/x/b.jpg", "in/y/b.jpg"});
  EXPECT_THAT(refusal(R"({"id": 1, "file_name": "z/b.jpg"})"),
              HasSubstr("coco.json: lists none of the images (got x/b.jpg)"));
  EXPECT_THAT(refusal(R"({"id": 8, "file_name": "b.jpg"})"),
              HasSubstr("coco.json: image 8: has a file_name that is the end of two images' paths (got b.jpg)"));
}

// What nobody knows is of the image's size, as tasks expect it of an annotation.
TEST_F(ImageLists, TellThatNobodyKnows) {
  write_images({"a.jpg"});
  const Vocabulary vocabulary{.images = {{1, "indoor"}},
                              .objects = {{1, "cat"}},
                              .labels = {{0, "sky"}},
                              .segments = {{0, "sky"}},
                              .is_thing = {false},
                              .has_depth = true};
  const ImageList list(file("a.jpg"), vocabulary);
  EXPECT_EQ(list.vocabulary(), vocabulary);
  const Sample sample = list.get(0);
  const auto pixels = static_cast<size_t>(sample.image.height * sample.image.width);
  EXPECT_EQ(sample.targets.semantic, std::vector<uint16_t>(pixels, kIgnoreLabel));
  EXPECT_EQ(sample.targets.panoptic.ids, std::vector<uint32_t>(pixels, 0));
  EXPECT_EQ(sample.targets.depth, std::vector<float>(pixels, 0));
  EXPECT_TRUE(sample.targets.instances.empty() && sample.targets.panoptic.segments.empty());
  EXPECT_TRUE(ImageList(file("a.jpg")).get(0).targets.semantic.empty());
}

}  // namespace
}  // namespace glid
