// Horizontal bars, one a name: a number by class.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "glid/formats/image.h"

namespace glid {

struct Bar {
  std::string name;
  std::optional<double> value;  // none: written as n/a
};

// Bars from 0 to `high` (values beyond end there) with their numbers; the picture is as tall as they need. Throws
// std::invalid_argument unless high > 0.
Image draw_bars(const std::string& title, const std::vector<Bar>& bars, double high);

}  // namespace glid
