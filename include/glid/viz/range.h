// The values that an axis shows.
#pragma once

#include <limits>

namespace glid {

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  // Passes over what is not finite.
  void include(double value);
  // Something to draw for no values or a single one.
  Range drawable() const;
  Range widened(double part) const { return {low - (high - low) * part, high + (high - low) * part}; }
};

}  // namespace glid
