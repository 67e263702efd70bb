// What every dataset of files is told.
#pragma once

#include <string>

#include "glid/config/fields.h"

namespace glid {

struct FilesConfig {
  std::string root;

  template <class V>
  void fields(V& v) {
    v.required("root", root, "folder of the data");
  }
};

}  // namespace glid
