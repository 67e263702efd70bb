#include "segments.h"

#include <unordered_set>

namespace glid {

void keep_visible(Panoptic& panoptic) {
  const std::unordered_set<uint32_t> present(panoptic.ids.begin(), panoptic.ids.end());
  std::erase_if(panoptic.segments, [&](const SegmentInfo& segment) { return !present.contains(segment.id); });
}

}  // namespace glid
