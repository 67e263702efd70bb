// COCO 2017 and what people keep in its format: boxes and masks (instances_*.json) or persons' joints
// (person_keypoints_*.json).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/files_config.h"
#include "glid/formats/coco_json.h"

namespace glid {

// Which of the files of a split.
enum class CocoFile { kInstances, kPersonKeypoints, kPanoptic };

struct CocoConfig : FilesConfig {
  static constexpr std::string_view kName = "coco";
  static constexpr PublishedSet kPublished{118287, "COCO 2017's"};
  static constexpr CocoFile kFile = CocoFile::kInstances;
};

struct CocoPoseConfig : FilesConfig {
  static constexpr std::string_view kName = "coco_pose";
  static constexpr PublishedSet kPublished{149813, "the people of COCO 2017 with keypoints"};
  static constexpr CocoFile kFile = CocoFile::kPersonKeypoints;
  std::string boxes = "truth";

  template <class V>
  void fields(V& v) {
    FilesConfig::fields(v);
    v("boxes", boxes, "where persons to validate on are looked for: truth, or a detector's file of boxes (COCO's JSON)",
      config::path());
  }
};

// root/annotations/instances_train2017.json (person_keypoints_...) with root/train2017/, or both without "2017"; val
// likewise. Samples are the images, ascending by id; categories are numbered in the order of their ids (COCO's 1 to 90
// become 0 to 79).
class Coco : public AnnotatedDataset {
 public:
  // Throws DataError when the file is missing or can't be used, or there is no folder of images. The log says what of the
  // file is left out.
  Coco(const std::filesystem::path& root, Split split, CocoFile which, const CocoUse& use = {});
  // Of what the split's file holds, or a part of it.
  Coco(const std::filesystem::path& root, Split split, CocoFile which, CocoIndex index);
  // Whether there are annotations of this split.
  static bool has(const std::filesystem::path& root, Split split, CocoFile which);

  int64_t size() const override { return static_cast<int64_t>(index_.images().size()); }
  // Throws DataError too when the image's size is not the one of its annotation.
  Sample get(int64_t id) const override;
  Targets targets(int64_t id) const override;
  std::string name(int64_t id) const override;
  Fingerprint fingerprint() const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  ImageId image_id(int64_t id) const override { return index_.image_id(static_cast<size_t>(id)); }
  void inspect(int64_t id, Inspection& inspection) const override;
  void inspect_list(Inspection& inspection) const override;

  const CocoIndex& index() const { return index_; }

 private:
  std::filesystem::path file(int64_t id) const;

  CocoFile which_;
  CocoIndex index_;
  std::filesystem::path images_;
  Vocabulary vocabulary_;
};

}  // namespace glid
