#include "glid/tasks/instance.h"

#include <algorithm>

#include "glid/core/error.h"
#include "glid/viz/prediction_picture.h"
#include "require_classes.h"

namespace glid {

InstanceMasks::InstanceMasks(const InstanceMasksConfig& config, const TaskContext& context)
    : MaskSet(config.set, context,
              num_classes_of(InstanceMasksConfig::kName, "classes of objects", context.vocabulary.objects)) {
  if (!context.vocabulary.has_masks)
    throw UsageError("task.name", "needs masks, which the data doesn't have", std::string(InstanceMasksConfig::kName),
                     "task.name: detection needs none");
}

std::function<bool(const Targets&)> InstanceMasks::filter() const {
  return [](const Targets& targets) {
    return std::ranges::any_of(targets.instances, [](const Instance& instance) { return !instance.is_crowd; });
  };
}

std::vector<std::string> InstanceMasks::picture_titles() const { return titles_of_objects(); }

Targets InstanceMasks::relevant(const Sample& sample) const {
  Targets targets;
  targets.instances = sample.targets.instances;
  for (Instance& instance : targets.instances) {
    if (instance.mask.counts.empty())
      throw DataError(sample.name, "has an object without a mask", std::to_string(instance.id),
                      "task.name: detection needs none");
    instance.keypoints.clear();
  }
  return targets;
}

std::vector<MaskTarget> InstanceMasks::masks(const Targets& placed, int64_t, int64_t) const {
  std::vector<MaskTarget> masks;
  for (const Instance& instance : placed.instances)
    if (!instance.is_crowd) masks.push_back({instance.category, mask_from_rle(instance.mask)});
  return masks;
}

Prediction InstanceMasks::read(std::span<const QueryMasks> views, int64_t height, int64_t width) const {
  return {.height = height, .width = width, .detections = mask_instances(only(views), height, width)};
}

}  // namespace glid
