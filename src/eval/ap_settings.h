// From the settings of average precision to its parameters.
#pragma once

#include <string>

#include "glid/metrics/ap_parameters.h"
#include "glid/metrics/metric_settings.h"

namespace glid {

// Unchecked.
ApParameters ap_parameters(const BoxSettings& settings);
ApParameters ap_parameters(const MaskSettings& settings);
ApParameters ap_parameters(const KeypointSettings& settings);

// One line for a report.
std::string rules_of(ApProtocol protocol, const ApParameters& parameters);

}  // namespace glid
