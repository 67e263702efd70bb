#include "glid/metrics/metric_settings.h"

#include <map>

namespace glid {

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
