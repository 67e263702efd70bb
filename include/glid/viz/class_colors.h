// One colour a class name: the same in pictures of objects, labels and segments, whatever their numbers are.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/viz/draw.h"

namespace glid {

struct ClassColors {
  std::vector<Rgb> objects, labels, segments;  // of the vocabulary's classes

  explicit ClassColors(const Vocabulary& vocabulary);
};

struct NamedColor {
  std::string name;
  Rgb color{};
  bool operator==(const NamedColor&) const = default;
};

// Squares of the colours with the names beside them, in columns, `width` px wide.
Image color_legend(const std::vector<NamedColor>& entries, int64_t width);

}  // namespace glid
