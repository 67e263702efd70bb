// COCO's panoptic JSON, truth or prediction: what each id in the PNGs beside it is (cocodataset.org/#format-data,
// panopticapi).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/formats/coco_json.h"

namespace glid {

struct PanopticImage {
  CocoImageId id;
  std::string file_name;  // of the photograph; empty where the file has none
  int64_t height = 0;     // 0 where the file has none
  int64_t width = 0;
};

struct PanopticSegment {
  int64_t id = 0;  // R + 256 G + 65536 B of its pixels, from 1
  int64_t category_id = 0;
  bool is_crowd = false;
  std::optional<double> area;  // pixels; read of a truth that is evaluated by
};

struct PanopticAnnotation {
  CocoImageId image_id;
  std::string file_name;                  // of the PNG
  std::vector<PanopticSegment> segments;  // in the file's order
};

struct PanopticCategory {
  int64_t id = 0;
  std::string name;
  bool is_thing = false;
};

// What was left out of a file, or not read.
struct PanopticFileNotes {
  Tally of_no_image;                    // annotations, to learn from
  Tally of_no_category;                 // segments, to evaluate by
  std::map<std::string, Tally> unread;  // by field: of no use, and not readable

  // One line each for those that are not 0.
  std::vector<std::string> lines() const;
};

struct PanopticJson {
  std::string where;                            // the file, for messages
  std::vector<PanopticImage> images;            // in the file's order; may be empty, as it is where they are of no use
  std::vector<PanopticAnnotation> annotations;  // in the file's order, one an image at most
  std::vector<PanopticCategory> categories;     // ascending by id; none in a prediction
  PanopticFileNotes notes;
};

// A truth to evaluate by, a prediction, or a truth to learn from. What a role has no use for is not looked at: the images of
// the first two, categories and crowds of a prediction, areas but the first one's, boxes.
enum class PanopticRole { kTruth, kPrediction, kTraining };

// A truth must list its categories; to learn from, it must use no others. Throws DataError naming file and record: truncated
// JSON, missing keys, repeated image, category or segment ids, segment ids that no PNG can hold.
PanopticJson read_panoptic_json(const std::filesystem::path& file, PanopticRole role);
PanopticJson parse_panoptic_json(std::string_view json, const std::string& where, PanopticRole role);

}  // namespace glid
