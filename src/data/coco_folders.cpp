#include "coco_folders.h"

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "sample_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kYears[] = {"2017", ""};

const char* stem_of(CocoFile which) {
  switch (which) {
    case CocoFile::kInstances: return "instances";
    case CocoFile::kPersonKeypoints: return "person_keypoints";
    case CocoFile::kPanoptic: break;
  }
  return "panoptic";
}

fs::path annotation_file(const fs::path& root, Split split, CocoFile which, const char* year) {
  return root / "annotations" / format("{}_{}{}.json", stem_of(which), split_name(split), year);
}

}  // namespace

bool has_coco_annotations(const fs::path& root, Split split, CocoFile which) {
  for (const char* year : kYears)
    if (fs::exists(annotation_file(root, split, which, year))) return true;
  return false;
}

fs::path coco_annotations(const fs::path& root, Split split, CocoFile which) {
  for (const char* year : kYears)
    if (fs::path file = annotation_file(root, split, which, year); fs::exists(file)) return file;
  throw DataError(annotation_file(root, split, which, "2017").string(), "is not there", {},
                  "data.root holds annotations/ and the folders of images; the name may go without 2017");
}

fs::path coco_images(const fs::path& root, Split split) {
  for (const char* year : kYears)
    if (fs::path folder = root / format("{}{}", split_name(split), year); fs::is_directory(folder)) return folder;
  throw DataError((root / format("{}2017", split_name(split))).string(), "is not a folder", {},
                  "it holds the images; the name may go without 2017");
}

}  // namespace glid
