// Input: a MATLAB level 5 file.
#pragma once

#include <string_view>

#include "fuzz/law.h"
#include "glid/core/error.h"
#include "glid/formats/mat5.h"

namespace glid {

inline void fuzz_mat5(std::string_view bytes) {
  try {
    for (const MatArray& array : decode_mat5(bytes, "fuzz")) {
      size_t size = 1;
      for (const int64_t n : array.shape) size *= static_cast<size_t>(n);
      expect_law(size == array.values.size(), "a shape has as many values");
    }
  } catch (const DataError&) {}
}

}  // namespace glid
