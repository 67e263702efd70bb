#include "evaluated_classes.h"

#include <algorithm>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/metrics/metric_settings.h"

namespace glid {
namespace {

using Classes = std::vector<Vocabulary::Class>;

// What a metric is about.
Classes classes_of(std::string_view metric, const Vocabulary& vocabulary) {
  if (metric == BoxSettings::kName || metric == MaskSettings::kName) return vocabulary.objects;
  if (metric == AccuracySettings::kName) return vocabulary.images;
  if (metric == SemanticSettings::kName) return vocabulary.labels;
  if (metric == PanopticSettings::kName) return vocabulary.segments;
  Classes joints;
  if (metric == KeypointSettings::kName)
    for (const std::string& joint : vocabulary.joints) joints.push_back({std::ssize(joints), joint});
  return joints;
}

// Of a metric of several tasks, theirs.
std::vector<std::string_view> parts_of(std::string_view metric) {
  if (metric != MultitaskSettings::kName) return {metric};
  return {SemanticSettings::kName, MaskSettings::kName, PanopticSettings::kName};
}

std::string text_of(const Vocabulary::Class& c) { return format("{} (id {})", c.name, c.id); }

void require_same(std::string_view metric, const Classes& trained, const Classes& data, bool may_differ) {
  if (trained.size() != data.size())
    throw UsageError("data", format("has another number of classes of {} than the model was trained on", metric),
                     format("{} for {}", data.size(), trained.size()));
  const auto [ours, theirs] = std::ranges::mismatch(trained, data);
  if (ours != trained.end() && !may_differ)
    throw UsageError("data", format("has other classes of {} than the model was trained on", metric),
                     format("{} for {}", text_of(*theirs), text_of(*ours)), "--other-classes takes them in their order");
}

}  // namespace

void require_known_classes(const TaskConfig& task, const Vocabulary& trained, const Vocabulary& data, bool may_differ) {
  std::visit(
      [&](const auto& config) {
        for (const std::string_view metric : std::decay_t<decltype(config)>::kMetrics)
          for (const std::string_view part : parts_of(metric))
            require_same(part, classes_of(part, trained), classes_of(part, data), may_differ);
      },
      task);
}

}  // namespace glid
