// The tables behind a CocoIndex: plain data, in vectors while a file is parsed or in a mapped cache.
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

// A polygon's coordinates, x and y in turn: in hundredths of a pixel, as COCO writes them and a third of the cache's size,
// where every one of them divided by 100 is exactly the number that was read.
struct CocoPolygon {
  uint64_t begin = 0;  // into hundredths or coordinates
  uint32_t size = 0;
  uint32_t in_hundredths = 0;
};

struct CocoTables {
  std::span<const CocoImage> images;
  std::span<const CocoCategory> categories;
  std::span<const CocoAnnotation> annotations;
  std::span<const uint64_t> annotations_begin;     // into annotations_by_image: one an image, and the end
  std::span<const uint32_t> annotations_by_image;  // into annotations
  std::span<const CocoText> joint_names;
  std::span<const CocoLimb> limbs;
  std::span<const CocoPolygon> polygons;
  std::span<const int32_t> hundredths;
  std::span<const double> coordinates;
  std::span<const uint32_t> runs;
  std::span<const double> keypoints;
  std::span<const char> text;
  CocoNotes notes;

  bool has_text_ids() const { return !images.empty() && images[0].id_text.size > 0; }
  std::string_view text_of(const CocoText& piece) const { return {text.data() + piece.begin, piece.size}; }
};

// Calls `visit` with each span, or vector, in the cache's order.
template <typename Tables, typename Visit>
void for_each_table(Tables&& tables, Visit visit) {
  visit(tables.images);
  visit(tables.categories);
  visit(tables.annotations);
  visit(tables.annotations_begin);
  visit(tables.annotations_by_image);
  visit(tables.joint_names);
  visit(tables.limbs);
  visit(tables.polygons);
  visit(tables.hundredths);
  visit(tables.coordinates);
  visit(tables.runs);
  visit(tables.keypoints);
  visit(tables.text);
}

// The same in vectors.
struct CocoPools {
  std::vector<CocoImage> images;
  std::vector<CocoCategory> categories;
  std::vector<CocoAnnotation> annotations;
  std::vector<uint64_t> annotations_begin;
  std::vector<uint32_t> annotations_by_image;
  std::vector<CocoText> joint_names;
  std::vector<CocoLimb> limbs;
  std::vector<CocoPolygon> polygons;
  std::vector<int32_t> hundredths;
  std::vector<double> coordinates;
  std::vector<uint32_t> runs;
  std::vector<double> keypoints;
  std::vector<char> text;

  CocoText add_text(std::string_view piece);
  void add_polygon(std::span<const double> xy);
};

// Takes the pools; fills in annotations_begin, annotations_by_image and the notes.
std::shared_ptr<const CocoTables> finish_tables(CocoPools pools);

// True when every range, index and flag lies where it may: such tables can't lead a reader outside of them.
bool are_sound(const CocoTables& tables);

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
std::shared_ptr<const CocoTables> parse_coco_truth(std::string_view padded_json, const std::string& where);

}  // namespace glid
