// What a report says of a Tally, with the number agreeing.
#pragma once

#include <string>
#include <string_view>

#include "glid/core/counted.h"
#include "glid/core/format.h"
#include "glid/core/tally.h"

namespace glid {

// "1 annotation left out (first: annotation 17 (id 908))", "3 annotations left out (first: ..)".
inline std::string tally_line(const Tally& tally, std::string_view one, std::string_view many, std::string_view rest) {
  return format("{} {} (first: {})", counted(tally.count, one, many), rest, tally.first);
}

}  // namespace glid
