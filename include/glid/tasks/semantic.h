// Semantic segmentation: a mask for each class in the picture. Views of an image are averaged.
#pragma once

#include <string_view>
#include <vector>

#include "glid/metrics/metric_settings.h"
#include "glid/tasks/mask_set.h"

namespace glid {

struct SemanticConfig {
  static constexpr std::string_view kName = "semantic";
  static constexpr auto kMetrics = std::to_array<std::string_view>({SemanticSettings::kName});
  static constexpr auto kTta = std::to_array({Tta::kFlip, Tta::kScalesFlip});
  MaskSetConfig set;

  template <class V>
  void fields(V& v) {
    set.fields(v);
  }
  void check(config::Problems& problems) const { set.check(problems); }
};

class Semantic : public MaskSet {
 public:
  // Throws UsageError when the data has no classes of pixels.
  Semantic(const SemanticConfig& config, const TaskContext& context);

 protected:
  Targets relevant(const Sample& sample) const override;
  std::vector<MaskTarget> masks(const Targets& placed, int64_t height, int64_t width) const override;
  Prediction read(std::span<const QueryMasks> views, int64_t height, int64_t width) const override;
};

}  // namespace glid
