// Instance segmentation: a mask for each object that isn't a crowd.
#pragma once

#include <string_view>
#include <vector>

#include "glid/metrics/metric_settings.h"
#include "glid/tasks/mask_set.h"

namespace glid {

struct InstanceMasksConfig {
  static constexpr std::string_view kName = "instance";
  static constexpr auto kMetrics = std::to_array<std::string_view>({MaskSettings::kName});
  MaskSetConfig set{.num_queries = 200};

  template <class V>
  void fields(V& v) {
    set.fields(v);
  }
  void check(config::Problems& problems) const { set.check(problems); }
};

class InstanceMasks : public MaskSet {
 public:
  // Throws UsageError when the data has no classes of objects.
  InstanceMasks(const InstanceMasksConfig& config, const TaskContext& context);

  // Images with an object that isn't a crowd.
  std::function<bool(const Targets&)> filter() const override;
  std::vector<std::string> picture_titles() const override;

 protected:
  Targets relevant(const Sample& sample) const override;
  std::vector<MaskTarget> masks(const Targets& placed, int64_t height, int64_t width) const override;
  Prediction read(std::span<const QueryMasks> views, int64_t height, int64_t width) const override;
};

}  // namespace glid
