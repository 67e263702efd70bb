// Whether data means by its classes what a model learned.
#pragma once

#include <string_view>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/metrics/metric_settings.h"
#include "glid/tasks/task_config.h"

namespace glid {

// What a metric is about; none: depth and a model's own loss are about no classes.
std::vector<Vocabulary::Class> classes_of(std::string_view metric, const Vocabulary& vocabulary);

// Looks at the classes that the task's own metric and what is measured are about. Throws UsageError when there are more or
// fewer of them than the model was trained on, or when they have other names or ids, unless `may_differ`.
void require_known_classes(const TaskConfig& task, const MetricSettings& measured, const Vocabulary& trained,
                           const Vocabulary& data, bool may_differ);

}  // namespace glid
