#include "glid/tasks/panoptic.h"

#include <algorithm>

#include "glid/core/error.h"
#include "glid/tasks/instance.h"
#include "glid/tasks/semantic.h"
#include "require_classes.h"

namespace glid {
namespace {

using Classes = std::vector<Vocabulary::Class>;

void require_equal(const char* task, const Classes& segments, const Classes& classes) {
  const auto is_same = [](const Vocabulary::Class& a, const Vocabulary::Class& b) {
    return a.id == b.id || a.name == b.name;
  };
  if (!std::ranges::equal(segments, classes, is_same))
    throw UsageError("eval.tasks", "has a task whose classes aren't those of the data's segments", task);
}

Classes things_of(const Vocabulary& vocabulary) {
  Classes things;
  for (size_t i = 0; i < vocabulary.segments.size(); ++i)
    if (vocabulary.is_thing[i]) things.push_back(vocabulary.segments[i]);
  return things;
}

bool is_among(const std::vector<std::string>& tasks, std::string_view task) {
  return std::ranges::find(tasks, task) != tasks.end();
}

}  // namespace

PanopticMasks::PanopticMasks(const PanopticMasksConfig& config, const TaskContext& context)
    : MaskSet(config.set, context, num_classes_of(PanopticMasksConfig::kName, "segments", context.vocabulary.segments)),
      is_thing_(context.vocabulary.is_thing),
      measures_instances_(is_among(context.measured, InstanceMasksConfig::kName)),
      measures_semantic_(is_among(context.measured, SemanticConfig::kName)) {
  const Vocabulary& vocabulary = context.vocabulary;
  if (measures_instances_) require_equal("instance", things_of(vocabulary), vocabulary.objects);
  if (measures_semantic_) require_equal("semantic", vocabulary.segments, vocabulary.labels);
}

Targets PanopticMasks::relevant(const Sample& sample) const {
  if (sample.targets.panoptic.ids.empty()) throw DataError(sample.name, "has no segments");
  Targets targets;
  targets.panoptic = sample.targets.panoptic;
  return targets;
}

Targets PanopticMasks::truth(const Sample& sample) const {
  Targets truth = relevant(sample);
  if (measures_instances_) truth.instances = sample.targets.instances;
  if (measures_semantic_) truth.semantic = sample.targets.semantic;
  return truth;
}

std::vector<MaskTarget> PanopticMasks::masks(const Targets& placed, int64_t, int64_t) const {
  std::vector<MaskTarget> masks;
  for (const SegmentInfo& segment : placed.panoptic.segments) {
    if (segment.is_crowd) continue;
    masks.push_back({segment.category, {}});
    for (const uint32_t pixel : placed.panoptic.ids) masks.back().mask.push_back(pixel == segment.id ? 1 : 0);
  }
  return masks;
}

std::vector<Detection> PanopticMasks::things(const QueryMasks& view, int64_t height, int64_t width) const {
  std::vector<Detection> things;
  for (Detection& detection : mask_instances(view, height, width)) {
    const auto segment = is_thing_.begin() + detection.category;
    if (!*segment) continue;
    detection.category = std::count(is_thing_.begin(), segment, true);
    things.push_back(std::move(detection));
  }
  return things;
}

Prediction PanopticMasks::read(std::span<const QueryMasks> views, int64_t height, int64_t width) const {
  return {.height = height, .width = width, .panoptic = panoptic_map(only(views), is_thing_, height, width)};
}

void PanopticMasks::read_as_others(std::span<const QueryMasks> views, Prediction& prediction) const {
  const int64_t height = prediction.height, width = prediction.width;
  if (measures_instances_) prediction.detections = things(only(views), height, width);
  if (measures_semantic_) prediction.semantic = semantic_map(views, height, width);
}

}  // namespace glid
