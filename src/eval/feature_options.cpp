#include "glid/eval/feature_options.h"

#include "glid/core/format.h"
#include "glid/data/transforms.h"

namespace glid {

std::vector<std::string> FeatureOptions::names() const {
  if (pool == FeaturePool::kCls) return {"cls"};
  std::vector<std::string> names;
  for (const int64_t stage : stages) names.push_back(format("stage{}", stage));
  return names;
}

Placement place_for_features(int64_t height, int64_t width, const FeatureOptions& options) {
  if (options.transform == FeatureTransform::kEval) return centre_placement(height, width, options.size_px);
  return Placement(height, width).resize(options.size_px, options.size_px);
}

}  // namespace glid
