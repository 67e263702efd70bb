// Panoptic segmentation: a mask for each thing and for each class of stuff.
#pragma once

#include <string_view>
#include <vector>

#include "glid/metrics/metric_settings.h"
#include "glid/tasks/mask_set.h"

namespace glid {

struct PanopticMasksConfig {
  static constexpr std::string_view kName = "panoptic";
  static constexpr auto kMetrics = std::to_array<std::string_view>({PanopticSettings::kName});
  MaskSetConfig set{.num_queries = 200};

  template <class V>
  void fields(V& v) {
    set.fields(v);
  }
};

class PanopticMasks : public MaskSet {
 public:
  // Throws UsageError when the data has no segments.
  PanopticMasks(const PanopticMasksConfig& config, const TaskContext& context);

 protected:
  Targets relevant(const Sample& sample) const override;
  std::vector<MaskTarget> masks(const Targets& placed, int64_t height, int64_t width) const override;
  Prediction read(std::span<const QueryMasks> views, int64_t height, int64_t width) const override;

 private:
  std::vector<bool> is_thing_;
};

}  // namespace glid
