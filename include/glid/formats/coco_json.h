// Ground truth in COCO's JSON format (detection, instance segmentation, person keypoints) as an index of flat tables.
// Format: cocodataset.org/#format-data; what is read how: pycocotools 2.0.11, coco.py.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glid/core/tally.h"
#include "glid/geometry/box.h"
#include "glid/geometry/rle.h"

namespace glid {

// Images are named by integers (COCO) or by strings (ADE20K as Mask2Former prepares it), throughout a file by one kind.
using CocoImageId = std::variant<int64_t, std::string>;
// As JSON writes it: 7, "7".
std::string to_string(const CocoImageId& id);
// "image_id 7", and which kind that is where `others` ("the images' ids") are of the other kind.
std::string shown_image_id(const CocoImageId& id, bool others_are_texts, std::string_view others);

// What of a ground truth is going to be used; ids, categories and crowds always are. A field of no use is not checked: where
// it can't be read, it is absent and CocoNotes::unread counts it.
struct CocoUse {
  bool learning = true;     // from it: what isn't listed, or is listed twice, is an error instead of left out
  bool annotations = true;  // without: the index has none and no categories, and the file need not have them
  bool files = true;        // names of image files; with them, an image must not be listed twice
  bool sizes = true;        // of images
  bool boxes = true;
  bool areas = true;
  bool masks = true;
  bool keypoints = true;  // with num_keypoints and the names of joints

  static CocoUse images() {
    return {.learning = false,
            .annotations = false,
            .sizes = false,
            .boxes = false,
            .areas = false,
            .masks = false,
            .keypoints = false};
  }
};

// A piece of the index's text; CocoIndex::text() reads it.
struct CocoText {
  uint64_t begin = 0;
  uint64_t size = 0;
};

// A range of one of the index's pools.
struct CocoRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - begin; }
};

struct CocoImage {
  int64_t id = 0;      // 0 where ids are strings
  CocoText id_text;    // empty where ids are integers
  CocoText file_name;  // empty where the file has none
  int64_t height = 0;  // 0 where the file has none
  int64_t width = 0;
};

struct CocoCategory {
  int64_t id = 0;
  CocoText name;           // empty where the file has none
  CocoText supercategory;  // likewise
  CocoRange joints;        // names of keypoints
  CocoRange skeleton;      // limbs
  int64_t is_thing = -1;   // 0 or 1; -1 where the file doesn't say
};

// Two joints of a category, counted from 1 as the file does.
struct CocoLimb {
  int32_t from = 0;
  int32_t to = 0;
};

enum class CocoShape : uint8_t {
  kNone,        // the key is absent or null
  kEmpty,       // [] : an object without a mask
  kPolygons,    // a list of polygons
  kCounts,      // run lengths as a list
  kCompressed,  // run lengths as a string
};

// `has_` flags tell a missing key from a zero: area is needed by AP, box by box AP, keypoints and num_keypoints by OKS.
struct CocoAnnotation {
  int64_t id = 0;  // where it `has_other_id`, a number that is as unlikely to be another one's
  BoxXywh box;
  double area = 0;
  CocoRange shape_data;  // of polygons, runs or text
  CocoRange keypoints;   // of numbers: x, y, v of each joint
  int64_t num_keypoints = 0;
  uint32_t number = 0;    // of the record in the file, from 1
  uint32_t image = 0;     // index into images()
  uint32_t category = 0;  // index into categories()
  CocoShape shape = CocoShape::kNone;
  bool is_crowd = false;
  bool is_difficult = false;  // `difficult` or `ignore`, which only the rules of Pascal VOC heed
  bool has_box = false;
  bool has_area = false;
  bool has_keypoints = false;
  bool has_num_keypoints = false;
  bool has_other_id = false;  // no integer of 64 bits
  // An annotation that was left out stands behind it and has its id. pycocotools takes the last one of an id for all of
  // them.
  bool is_replaced = false;

  bool has_mask() const { return shape != CocoShape::kNone && shape != CocoShape::kEmpty; }
};

// What is legal or of no use, but worth a line in a report.
struct CocoNotes {
  int64_t annotations_of_id_zero = 0;   // pycocotools takes them for unmatched (cocodataset/cocoapi#672)
  int64_t repeated_annotation_ids = 0;  // annotations whose id an earlier one has
  int64_t images_without_annotations = 0;
  int64_t category_id_holes = 0;  // ids missing between the smallest and the largest
  int64_t categories_without_annotations = 0;
  int64_t crowds = 0;
  int64_t empty_segmentations = 0;  // []
  int64_t masks_missing = 0;        // of no segmentation, where CocoUse::masks
  int64_t empty_boxes = 0;          // width or height not above 0
  int64_t boxes_outside = 0;        // any part outside the image, by more than a pixel
  int64_t areas_missing = 0;
  Tally of_no_image, of_no_category;           // annotations: left out, as pycocotools does
  Tally replaced;                              // CocoAnnotation::is_replaced
  Tally repeated_images, repeated_categories;  // of one id: the last one counts
  Tally unreadable;                            // annotations, without CocoUse::annotations
  std::map<std::string, Tally> unread;         // by field: of no use, and not readable
  bool operator==(const CocoNotes&) const = default;

  // One line each for those that are not 0.
  std::vector<std::string> lines() const;
  // Of these lines, those about what was left out or not read.
  std::vector<std::string> losses() const;
};

struct CocoTables;  // src/formats/coco_tables.h

// Joints are counted in pixels, 0 at the centre of the first one; places in an image, of which pixel 0 covers [0, 1), are so
// much larger. Boxes and polygons are places as they stand (detectron2 data/detection_utils.py).
inline constexpr double kCocoJointOffset = 0.5;

// Read-only; copies share the memory, threads too. Images ascend by id (integers by value, strings by bytes), so do
// categories; annotations keep the file's order.
class CocoIndex {
 public:
  // Reads the whole file, every time: nothing that is kept can be of another file. Throws DataError naming the file and the
  // record.
  static CocoIndex open(const std::filesystem::path& file, const CocoUse& use = {});
  static CocoIndex parse(std::string_view json, const std::string& where, const CocoUse& use = {});

  // Of what open() and parse() have made and checked.
  CocoIndex(std::shared_ptr<const CocoTables> tables, std::string where);

  // The file, for messages.
  const std::string& where() const { return where_; }
  std::span<const CocoImage> images() const;
  std::span<const CocoCategory> categories() const;
  std::span<const CocoAnnotation> annotations() const;
  // Indices into annotations() of one image's, in the file's order.
  std::span<const uint32_t> annotations_of(size_t image) const;
  const CocoNotes& notes() const;

  std::string_view text(const CocoText& text) const;
  CocoImageId image_id(size_t image) const;
  // What errors call one of annotations(): "annotation 17 (id 908)", counted from 1 in the file.
  std::string name_of(const CocoAnnotation& annotation) const;
  // None for an id that no image or category has (an integer in a file of string ids too).
  std::optional<uint32_t> find_image(int64_t id) const;
  std::optional<uint32_t> find_image(std::string_view id) const;
  std::optional<uint32_t> find_category(int64_t id) const;

  std::vector<std::string_view> joint_names(const CocoCategory& category) const;
  std::span<const CocoLimb> skeleton(const CocoCategory& category) const;

  // x, y, v of each joint; v = 0 unlabelled, 1 hidden, 2 visible.
  std::span<const double> keypoints(const CocoAnnotation& annotation) const;
  // Each x0, y0, x1, y1, ...; none for other shapes.
  std::vector<std::vector<double>> polygons(const CocoAnnotation& annotation) const;
  // The mask in its image, the union of its polygons; empty for kNone and kEmpty. Throws DataError when the image has no
  // size.
  Rle segmentation(const CocoAnnotation& annotation) const;

 private:
  std::shared_ptr<const CocoTables> tables_;
  std::string where_;
};

}  // namespace glid
