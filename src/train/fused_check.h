// Fused operations of a GPU against the plain ones.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "glid/optim/precision.h"

namespace glid {

struct FusedDifference {
  std::string what;
  double relative = 0;  // to the largest value of each tensor; the worst of values and gradients
};

// In 16 bits against the plain operations in fp32 on the same values: windows of masked images and of whole ones that
// windows don't divide, with heads of 16 and 32 channels, depthwise convolutions of both, LayerNorm, weighted SiLU, and maps
// halved and doubled. Throws where an operation is not fused.
std::vector<FusedDifference> differences_of_fused(Precision precision, const c10::Device& gpu);

}  // namespace glid
