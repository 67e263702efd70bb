#include "glid/metrics/metric_settings.h"

#include <map>

namespace glid {

DepthOptions depth_options(const DepthSettings& settings) {
  DepthOptions options = depth_options(settings.protocol);
  options.min_depth = settings.min_depth.value_or(options.min_depth);
  options.max_depth = settings.max_depth.value_or(options.max_depth);
  options.crop = settings.crop.value_or(options.crop);
  options.median_scaling = settings.median_scaling;
  return options;
}

std::vector<MetricPart> parts_of(const MetricSettings& settings) {
  const auto* several = std::get_if<MultitaskSettings>(&settings);
  if (several == nullptr) return {{"", settings}};
  const std::map<std::string, MetricSettings> of_tasks{
      {"semantic", several->semantic}, {"instance", several->instance}, {"panoptic", several->panoptic}};
  std::vector<MetricPart> parts;
  for (const std::string& task : several->tasks) parts.push_back({task, of_tasks.at(task)});
  return parts;
}

}  // namespace glid
