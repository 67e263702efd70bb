// ADE20K SceneParse150 from the files of its authors: ADEChallengeData2016/ with images/, annotations/ and, of the instance
// challenge, annotations_instance/. What Mask2Former's preparation scripts make of them (datasets/prepare_ade20k_*.py) is
// made here directly. Classes are counted from 0; the files' numbers are one more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/formats/label_map.h"
#include "glid/formats/other_images.h"
#include "glid/geometry/box.h"
#include "glid/geometry/rle.h"

namespace glid {

inline constexpr int kNumAdeClasses = 150;
inline constexpr int kNumAdeThings = 100;
inline constexpr uint16_t kAdeIgnore = 255;

struct AdeClass {
  std::string_view name;  // with its synonyms: "road, route"
  bool is_thing;
};
// The 150 classes in the dataset's order (objectInfo150.txt).
std::span<const AdeClass> ade_classes();
// The class of each of the 100 instance categories, ascending: the things among the 150.
std::span<const uint8_t> ade_thing_classes();

enum class AdeSplit { kTraining, kValidation };
enum class AdeSemantic {
  kOriginal,  // annotations/: 0 = other, classes 1 to 150
  kShifted,   // annotations_detectron2/: classes 0 to 149, 255 = other
};

// One image; the files that are not there have empty paths.
struct AdeFrame {
  std::string name;  // "ADE_val_00000001"
  std::filesystem::path image;
  std::filesystem::path semantic;
  std::filesystem::path instances;
};

struct AdeListing {
  AdeSemantic semantic = AdeSemantic::kOriginal;
  std::vector<AdeFrame> frames;                      // ascending by name, one an image
  std::vector<std::filesystem::path> without_image;  // labels that no image has
  OtherImages other_images;                          // among the images
};

// `root` is ADEChallengeData2016. annotations/ is preferred to annotations_detectron2/. Throws DataError when images/ holds
// none for the split, or neither label folder is there.
AdeListing list_ade20k(const std::filesystem::path& root, AdeSplit split);

// Classes 0 to 149, and kAdeIgnore for "other". Throws DataError for other numbers and as read_label_png.
LabelMap read_ade_semantic(const std::filesystem::path& file, AdeSemantic kind);

struct AdeInstance {
  int category = 0;  // 0 to 99, see ade_thing_classes
  int number = 0;    // 1 to 255, of the file
  Rle mask;
};

// The RGB raster of annotations_instance/ (red: category 1 to 100, green: number of the instance, 0 = none; blue: nothing)
// as ids of read_panoptic_png; the instances ascend by number. Throws DataError naming `where` when the pixels of a number
// have two categories or one outside 1 to 100.
std::vector<AdeInstance> ade_instances(const IdMap& raster, const std::string& where);

struct AdeSegment {
  uint32_t id = 0;
  int category = 0;   // 0 to 149
  uint64_t area = 0;  // of the segment before others were painted over it, as in Mask2Former's files
  BoxXywh box;        // likewise
};

struct AdePanoptic {
  IdMap map;                         // 0 = VOID
  std::vector<AdeSegment> segments;  // stuff ascending by class, then instances ascending by number
};

// Stuff of the semantic map painted first (class c has the id c + 1), instances over it (number n has the id 256 + n);
// things of the semantic map without an instance are VOID. `semantic` as read_ade_semantic gives it. Throws DataError naming
// `where` when the sizes differ, and as ade_instances.
AdePanoptic ade_panoptic(const LabelMap& semantic, const IdMap& raster, const std::string& where);

}  // namespace glid
