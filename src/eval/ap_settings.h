// From the settings of average precision to its parameters.
#pragma once

#include <string>

#include "glid/metrics/ap_parameters.h"
#include "glid/metrics/metric_settings.h"

namespace glid {

// Unchecked. The first area range is "all", whatever the settings say; theirs are called by their limits: "64-256",
// "9216-1e10".
ApParameters ap_parameters(const BoxSettings& settings);
ApParameters ap_parameters(const MaskSettings& settings);
ApParameters ap_parameters(const KeypointSettings& settings);

// One line for a report: the protocol, the thresholds, what of the settings isn't the protocol's.
std::string rules_of(const BoxSettings& settings);
std::string rules_of(const MaskSettings& settings);
std::string rules_of(const KeypointSettings& settings);

}  // namespace glid
