// Panoptic segmentation: a mask for each thing and for each class of stuff.
#pragma once

#include <string_view>
#include <vector>

#include "glid/metrics/metric_settings.h"
#include "glid/tasks/mask_set.h"

namespace glid {

struct PanopticMasksConfig {
  static constexpr std::string_view kName = "panoptic";
  static constexpr auto kMetrics = std::to_array<std::string_view>({PanopticSettings::kName, MultitaskSettings::kName});
  MaskSetConfig set{.num_queries = 200};

  template <class V>
  void fields(V& v) {
    set.fields(v);
  }
  void check(config::Problems& problems) const { set.check(problems); }
};

// The masks answer as instances and as classes of pixels too, where those are measured (eval.metric: multitask): the things
// among the best hundred, and the sums over all queries (Mask2Former, maskformer_model.py). Things are the data's objects,
// and segments its classes of pixels, in their orders.
class PanopticMasks : public MaskSet {
 public:
  // Throws UsageError when the data has no segments, or others than what is measured beside them.
  PanopticMasks(const PanopticMasksConfig& config, const TaskContext& context);

 protected:
  Targets relevant(const Sample& sample) const override;
  Targets truth(const Sample& sample) const override;
  std::vector<MaskTarget> masks(const Targets& placed, int64_t height, int64_t width) const override;
  Prediction read(std::span<const QueryMasks> views, int64_t height, int64_t width) const override;
  void read_as_others(std::span<const QueryMasks> views, Prediction& prediction) const override;

 private:
  std::vector<Detection> things(const QueryMasks& view, int64_t height, int64_t width) const;

  std::vector<bool> is_thing_;
  bool measures_instances_, measures_semantic_;
};

}  // namespace glid
