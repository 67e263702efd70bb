// What is printed under a depth number's name, by implementation of the literature.
#pragma once

#include "glid/eval/report.h"
#include "glid/metrics/depth_errors.h"

namespace glid {

// The numbers on which protocols differ, by all of them.
std::vector<Variant> depth_variants(const DepthReport& report);

}  // namespace glid
