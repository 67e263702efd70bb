// One function a metric; make_measure picks.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "glid/eval/measure.h"

namespace glid {

class PosePrecision;

std::unique_ptr<Measure> measure_of(const AccuracySettings& settings, const Vocabulary& vocabulary);
std::unique_ptr<Measure> measure_of(const BoxSettings& settings, const Vocabulary& vocabulary);
std::unique_ptr<Measure> measure_of(const MaskSettings& settings, const Vocabulary& vocabulary);
std::unique_ptr<Measure> measure_of(const KeypointSettings& settings, const Vocabulary& vocabulary);
std::unique_ptr<Measure> measure_of(const PanopticSettings& settings, const Vocabulary& vocabulary);
std::unique_ptr<Measure> measure_of(const SemanticSettings& settings, const Vocabulary& vocabulary);
std::unique_ptr<Measure> measure_of(const DepthSettings& settings, const Vocabulary& vocabulary);

// Throws UsageError for a metric of classes that the data doesn't have.
void require_classes(std::string_view metric, const std::vector<Vocabulary::Class>& classes);

// The person whom a sample is about. Throws DataError for a sample that is about none.
void add_person(const PredictedSample& sample, size_t num_joints, PosePrecision& metric);

// Sorts as the set does.
std::string key_of(const PredictedSample& sample);

}  // namespace glid
