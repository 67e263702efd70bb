#include "glid/tasks/panoptic.h"

#include <algorithm>

#include "glid/core/error.h"
#include "require_classes.h"

namespace glid {

PanopticMasks::PanopticMasks(const PanopticMasksConfig& config, const TaskContext& context)
    : MaskSet(config.set, context, num_classes_of(PanopticMasksConfig::kName, "segments", context.vocabulary.segments)),
      is_thing_(context.vocabulary.is_thing) {}

Targets PanopticMasks::relevant(const Sample& sample) const {
  if (sample.targets.panoptic.ids.empty()) throw DataError(sample.name, "has no segments");
  Targets targets;
  targets.panoptic = sample.targets.panoptic;
  return targets;
}

std::vector<MaskTarget> PanopticMasks::masks(const Targets& placed, int64_t, int64_t) const {
  std::vector<MaskTarget> masks;
  for (const SegmentInfo& segment : placed.panoptic.segments) {
    if (segment.is_crowd) continue;
    masks.push_back({segment.category, {}});
    for (const uint32_t pixel : placed.panoptic.ids) masks.back().mask.push_back(pixel == segment.id ? 1 : 0);
  }
  return masks;
}

Prediction PanopticMasks::read(std::span<const QueryMasks> views, int64_t height, int64_t width) const {
  return {.height = height, .width = width, .panoptic = panoptic_map(only(views), is_thing_, height, width)};
}

}  // namespace glid
