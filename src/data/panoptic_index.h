// A panoptic JSON with the folder of its PNGs, looked at image by image.
#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "glid/data/dataset.h"
#include "glid/data/inspection.h"
#include "glid/formats/label_map.h"
#include "glid/formats/panoptic_json.h"

namespace glid {

class PanopticIndex {
 public:
  // The PNGs are in the folder beside the file that has its name without extension. Throws DataError when it is missing.
  explicit PanopticIndex(PanopticJson json);

  const PanopticJson& json() const { return json_; }
  // Index into json().annotations.
  std::optional<size_t> find(const ImageId& image) const;
  std::filesystem::path png(size_t annotation) const { return folder_ / json_.annotations[annotation].file_name; }

  // Fills `segments` and `is_thing`: the categories, ascending by id.
  void describe(Vocabulary& vocabulary) const;
  // What an annotation says of its image; segments without a pixel are left out. Throws DataError when the PNG can't be
  // used: another size, or a segment that the JSON doesn't list.
  Panoptic read(size_t annotation, const Image& image) const;
  // The same as findings; counts the segments.
  void inspect(size_t annotation, const SizePx& image, Inspection& inspection) const;

 private:
  int64_t category_index(int64_t id) const;
  Panoptic described(size_t annotation, IdMap map) const;

  PanopticJson json_;
  std::filesystem::path folder_;
  std::map<ImageId, size_t> by_image_;
};

}  // namespace glid
