// Pascal VOC annotation files: an image and the boxes of its objects (VOC2012 development kit, section 6).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "glid/geometry/box.h"

namespace glid {

struct VocObject {
  std::string name;
  // VOC counts pixels from 1 and both corners are inside the object: x0 = xmin - 1, y0 = ymin - 1, x1 = xmax, y1 = ymax.
  Box box;
  bool difficult = false;
  bool truncated = false;
  // The box is empty (see Box) or leaves an image of known size: kept, for whoever checks the data.
  bool degenerate = false;
};

struct VocAnnotation {
  std::string filename;           // as written; empty if absent
  int64_t height = 0, width = 0;  // 0 if the file doesn't say
  std::vector<VocObject> objects;
};

// Throw DataError, with file:line where there is one, when the file is missing, not XML, has no <annotation>, or an object
// has no name or no box of four finite numbers.
VocAnnotation read_voc_xml(const std::filesystem::path& file);
VocAnnotation decode_voc_xml(std::string_view text, const std::string& where);

}  // namespace glid
