// The tables behind a CocoIndex.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/formats/coco_json.h"

namespace glid {

// A polygon's coordinates, x and y in turn: in hundredths of a pixel, as COCO writes them and in half the memory, where
// every one of them divided by 100 is exactly the number that was read.
struct CocoPolygon {
  uint64_t begin = 0;  // into hundredths or coordinates
  uint32_t size = 0;
  uint32_t in_hundredths = 0;
};

struct CocoTables {
  std::vector<CocoImage> images;               // ascending by id
  std::vector<CocoCategory> categories;        // likewise
  std::vector<CocoAnnotation> annotations;     // in the file's order
  std::vector<uint64_t> annotations_begin;     // into annotations_by_image: one an image, and the end
  std::vector<uint32_t> annotations_by_image;  // into annotations
  std::vector<CocoText> joint_names;
  std::vector<CocoLimb> limbs;
  std::vector<CocoPolygon> polygons;
  std::vector<int32_t> hundredths;
  std::vector<double> coordinates;
  std::vector<uint32_t> runs;
  std::vector<double> keypoints;
  std::vector<char> text;
  CocoNotes notes;

  bool has_text_ids() const { return !images.empty() && images[0].id_text.size > 0; }
  std::string_view text_of(const CocoText& piece) const { return {text.data() + piece.begin, piece.size}; }
  CocoText add_text(std::string_view piece);
  void add_polygon(std::span<const double> xy);
  // Fills in annotations_begin, annotations_by_image and the notes once everything else is there.
  void finish();
};

// Index of the row with this id, which `compare(row)` orders: < 0 before it, > 0 behind it.
template <typename Row, typename Compare>
std::optional<uint32_t> find_row(std::span<const Row> rows, Compare compare) {
  size_t begin = 0, end = rows.size();
  while (begin < end) {
    const size_t middle = begin + (end - begin) / 2;
    if (compare(rows[middle]) < 0) begin = middle + 1;
    else end = middle;
  }
  if (begin == rows.size() || compare(rows[begin]) != 0) return std::nullopt;
  return static_cast<uint32_t>(begin);
}

// The union of polygons, empty without any. Throws DataError (where: empty) when the image has no size.
Rle mask_of_polygons(std::span<const std::span<const double>> polygons, int64_t height, int64_t width);

// Whether a box is empty, or has a part more than a pixel outside of an image (false where the image has no size).
bool is_empty(const BoxXywh& box);
bool is_outside(const BoxXywh& box, const CocoImage& image);

// Parses a JSON text behind which SIMDJSON_PADDING bytes can be read.
std::shared_ptr<const CocoTables> parse_coco_truth(std::string_view padded_json, const std::string& where,
                                                   const CocoUse& use);

}  // namespace glid
