// What is printed under a depth number's name, by implementation of the literature.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "glid/eval/report.h"
#include "glid/metrics/depth_errors.h"
#include "glid/metrics/metric_settings.h"

namespace glid {

// One line for a report: the protocol, limits and crop, what of the settings isn't the protocol's. The scale is that of
// files, where given.
std::string rules_of(const DepthSettings& settings, const std::optional<double>& depth_scale = {});

// The numbers on which protocols differ, by all of them.
std::vector<Variant> depth_variants(const DepthReport& report);

}  // namespace glid
