// `glid_data check` as a user runs it, and a COCO set of two images to be annotated.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include "glid/core/format.h"
#include "glid/formats/image_file.h"
#include "support/program.h"
#include "write_images.h"

namespace glid {

inline ProgramResult check(const std::string& dataset, const std::filesystem::path& root,
                           const std::vector<std::string>& options = {}) {
  std::vector<std::string> arguments{"check", "--dataset", dataset, "--root", root.string()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run("glid_data", arguments);
}

inline void expect_wrong(const ProgramResult& ran, const std::string& line) {
  EXPECT_EQ(ran.code, 3) << ran.output;
  EXPECT_THAT(ran.output, testing::AllOf(testing::HasSubstr("TRAINING WOULD BE WRONG"), testing::HasSubstr(line),
                                         testing::HasSubstr("\nNOT FIT: ")));
}

inline void expect_legal(const ProgramResult& ran, const std::string& line) {
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, testing::AllOf(testing::Not(testing::HasSubstr("WRONG")), testing::HasSubstr(line),
                                         testing::HasSubstr("\nfit to train on: ")));
}

// A COCO file of two images, of which the test writes the annotations.
class CheckCoco : public testing::Test {
 protected:
  CheckCoco() {
    for (const char* name : {"a", "b"}) write_text(image(name), encode_png(Image::filled(20, 30, 9)));
  }
  std::filesystem::path image(const std::string& name) const { return root / "train" / (name + ".png"); }
  void annotate(const std::string& annotations, const std::string& more_images = "") const {
    write_text(root / "annotations/instances_train.json", R"({"images": [
      {"id": 1, "file_name": "a.png", "height": 20, "width": 30},
      {"id": 2, "file_name": "b.png", "height": 20, "width": 30})" +
                                                              more_images + R"(], "categories": [{"id": 3, "name": "cat"}],
      "annotations": [)" + annotations + "]}");
  }
  ProgramResult check_train(const std::string& dataset) const { return check(dataset, root, {"--split", "train"}); }
  static std::string object(int id, const std::string& fields) {
    return format(R"({{"id": {}, "image_id": {}, "category_id": 3, "area": 9, {}}})", id, 1 + id % 2, fields);
  }
  static inline const std::string kMask = R"("segmentation": [[2, 2, 6, 2, 6, 5, 2, 5]])";
  static inline const std::string kBox = R"("bbox": [2, 2, 4, 3])";
  static inline const std::string kGood = kBox + ", " + kMask;

  TemporaryFolder folder_;
  const std::filesystem::path root = folder_.path();
};

}  // namespace glid
