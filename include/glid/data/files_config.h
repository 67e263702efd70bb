// What every dataset of files is told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "glid/config/fields.h"

namespace glid {

// How many training images a published set has, for estimates without its files.
struct PublishedSet {
  int64_t images = 0;
  std::string_view owner;  // "COCO 2017's"
};

struct FilesConfig {
  std::string root;

  template <class V>
  void fields(V& v) {
    v.required("root", root, "folder of the data", config::path());
  }
};

}  // namespace glid
