#include "glid/tasks/semantic.h"

#include <algorithm>

#include "glid/core/error.h"
#include "require_classes.h"

namespace glid {

Semantic::Semantic(const SemanticConfig& config, const TaskContext& context)
    : MaskSet(config.set, context, num_classes_of(SemanticConfig::kName, "classes of pixels", context.vocabulary.labels)) {}

Targets Semantic::relevant(const Sample& sample) const {
  if (sample.targets.semantic.empty()) throw DataError(sample.name, "has no classes of pixels");
  Targets targets;
  targets.semantic = sample.targets.semantic;
  return targets;
}

std::vector<MaskTarget> Semantic::masks(const Targets& placed, int64_t, int64_t) const {
  std::vector<uint16_t> present = placed.semantic;
  std::ranges::sort(present);
  const auto repeated = std::ranges::unique(present);
  present.erase(repeated.begin(), repeated.end());
  std::erase(present, kIgnoreLabel);
  std::vector<MaskTarget> masks;
  for (const uint16_t label : present) {
    masks.push_back({label, {}});
    for (const uint16_t pixel : placed.semantic) masks.back().mask.push_back(pixel == label ? 1 : 0);
  }
  return masks;
}

Prediction Semantic::read(std::span<const QueryMasks> views, int64_t height, int64_t width) const {
  return {.height = height, .width = width, .semantic = semantic_map(views, height, width)};
}

}  // namespace glid
