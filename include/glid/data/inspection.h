// What a look at a dataset's files finds: counts by class, sizes, depths and every defect (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/formats/label_map.h"
#include "glid/geometry/box_units.h"

namespace glid {

enum class Defect {
  // Training would be wrong.
  kUnusable,
  kNoSplit,
  kMissingImage,
  kUnreadableImage,
  kImageSize,
  kMissingAnnotation,
  kUnreadableAnnotation,
  kAnnotationSize,
  kLabelOutOfRange,
  kUnknownClass,
  kBinaryLabels,
  kDepthUnit,
  kBoxUnit,
  kNoBox,
  kEmptyBox,
  kBoxOutside,
  kBadMask,
  kEmptyMask,
  kBadKeypoint,
  kJointCount,
  kNoJointNames,
  // Legal.
  kNoAnnotations,
  kLeftOut,
  kBoxLeavesImage,
  kFlatPolygon,
  kNoMask,
  kNoArea,
  kKeypointOutside,
  kKeypointCount,
  kNoValidDepth,
  kMostlyIgnored,
  kRepeatedAnnotationId,
  kAnnotationIdZero,
  kRepeatedFile,
  kRepeatedName,
  kInBothSplits,
};

struct DefectKind {
  Defect defect;
  std::string_view name;  // "empty_box"
  std::string_view what;  // "box without width or height"
  bool is_wrong;          // training on it would be wrong; otherwise legal, but worth a line
};
// All of them, in the order of Defect.
std::span<const DefectKind> defect_kinds();
const DefectKind& kind_of(Defect defect);

struct Finding {
  int64_t sample = -1;  // -1: of the list, not of a sample
  Defect defect = Defect::kUnusable;
  std::string where;   // file, and record where there is one
  std::string value;   // as found
  std::string reason;  // where there is no value
  // "WHERE: WHAT (got VALUE)" or "WHERE: WHAT: REASON"
  std::string line() const;
};

struct SizePx {
  int64_t height = 0, width = 0;  // 0: not known
  bool is_known() const { return height > 0 && width > 0; }
  auto operator<=>(const SizePx&) const = default;
};
std::string to_string(const SizePx& size);  // "640 x 480": width first

struct ClassCount {
  int64_t count = 0;   // instances, pixels or images
  int64_t images = 0;  // that have at least one
};

// How the pixels of a label file stand for classes.
struct LabelCoding {
  int64_t num_classes = 0;
  bool reduce_zero = false;             // 0 = no class, label n is the class n - 1
  std::optional<uint16_t> ignore = {};  // this value stands for no class too

  // The class, kIgnoreLabel, or nothing when the label is out of range.
  std::optional<uint16_t> class_of(uint16_t label) const;
};

// Median valid depths outside of this are taken for a wrong unit.
inline constexpr double kNearestMedianDepth = 0.3, kFarthestMedianDepth = 80;

// Of one thread; merge() adds up those of several.
class Inspection {
 public:
  explicit Inspection(const Vocabulary& vocabulary);

  // What follows belongs to this sample.
  void begin(int64_t sample) { sample_ = sample; }
  void add(Defect defect, std::string where, std::string value = {});
  // The reason may begin with `where`, as that of an error does.
  void add_reason(Defect defect, const std::string& where, const std::string& reason);

  // Decodes the whole file; its size, or `declared` where it can't be read. The size must be `declared` where that is known.
  SizePx check_image(const std::filesystem::path& file, const SizePx& declared);
  void count_image(const SizePx& size) { ++sizes_[size]; }
  void count_label(int64_t index);
  void count_object(int64_t category);
  void count_segment(int64_t category);
  // A box of this image (its size may be unknown).
  void check_box(const Box& box, const SizePx& image, const std::string& where);
  // The same, and what all boxes together speak for is found in the end.
  void check_box(const BoxXywh& box, const SizePx& image, const std::string& where);
  // Counts the pixels of each class; one finding for each label out of range.
  void check_labels(const LabelMap& map, const SizePx& image, const LabelCoding& coding, const std::string& where);
  void check_depth(std::span<const float> metres, const SizePx& depth, const SizePx& image, const std::string& where);

  // The numbers that the files have for the classes of labels or objects, where they are not the vocabulary's.
  void number_labels(std::vector<int64_t> ids) { label_ids_ = std::move(ids); }
  void number_objects(std::vector<int64_t> ids) { object_ids_ = std::move(ids); }

  void merge(Inspection&& other);
  // Adds what all samples together tell, and puts findings in the order of the samples.
  void finish();

  const std::vector<Finding>& findings() const { return findings_; }
  int64_t num_wrong() const;
  const std::vector<ClassCount>& images() const { return images_.counts; }
  const std::vector<ClassCount>& objects() const { return objects_.counts; }
  const std::vector<ClassCount>& labels() const { return labels_.counts; }
  const std::vector<ClassCount>& segments() const { return segments_.counts; }
  const std::map<SizePx, int64_t>& sizes() const { return sizes_; }
  const std::vector<int64_t>& label_ids() const { return label_ids_; }
  const std::vector<int64_t>& object_ids() const { return object_ids_; }
  const std::vector<double>& median_depths() const { return median_depths_; }  // of the images with a valid pixel, metres

 private:
  struct Tally {
    explicit Tally(size_t num_classes) : counts(num_classes), last_sample(num_classes, -2) {}
    void add(int64_t index, int64_t count, int64_t sample);
    void merge(const Tally& other);
    std::vector<ClassCount> counts;
    std::vector<int64_t> last_sample;
  };

  // The first file or record of a kind, in the order of the samples: where findings about all of them begin.
  struct First {
    int64_t sample = -1;
    std::string where;
    void see(int64_t of, const std::string& at);
    void merge(const First& other);
  };
  // All labels of the split.
  struct LabelPixels {
    std::map<uint16_t, int64_t> by_label;
    int64_t without_class = 0;
    int64_t total = 0;
    First first;
  };

  void judge_boxes();
  void judge_labels();

  int64_t sample_ = -1;
  std::vector<Finding> findings_;
  Tally images_, objects_, labels_, segments_;
  std::map<SizePx, int64_t> sizes_;
  std::vector<double> median_depths_;
  BoxUnits box_units_;
  First first_box_;
  LabelPixels label_pixels_;
  std::vector<int64_t> label_ids_, object_ids_;
};

}  // namespace glid
