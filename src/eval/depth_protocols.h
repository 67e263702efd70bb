// What is printed under a depth number's name, by implementation of the literature.
#pragma once

#include "glid/eval/report.h"
#include "glid/metrics/depth_errors.h"

namespace glid {

// abs_rel sq_rel rmse rmse_log log10 silog d1 d2 d3; absent without a valid pixel.
NamedValues depth_metrics(const DepthReport& report, DepthProtocol protocol);
// The numbers on which protocols differ, by all of them.
std::vector<Variant> depth_variants(const DepthReport& report);

}  // namespace glid
