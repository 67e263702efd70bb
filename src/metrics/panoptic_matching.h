// One image of the panoptic quality.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "glid/metrics/panoptic_quality.h"

namespace glid {

struct PanopticContext {
  std::string_view image;                                      // for messages
  const std::unordered_map<int64_t, int64_t>& category_index;  // by id
};

// Both throw DataError as PanopticQuality::add says.
PanopticImageRecord match_panoptic(const PanopticContext& context, const PanopticView& predicted, const PanopticView& truth);
PanopticImageRecord miss_panoptic(const PanopticContext& context, std::span<const PanopticSegment> truth);

}  // namespace glid
