// The oracle of the window plan: Swin on the dense grid, written straight after microsoft/Swin-Transformer (pad, roll,
// region mask), with hidden tokens masked as keys. Slow and plain on purpose.
#pragma once

#include <ATen/ATen.h>

#include <array>

#include "glid/model/swin.h"

namespace glid {

// images [B, H, W, 3]; visible [B, units] bool -> the stage outputs after their norms, [B, H_s, W_s, C_s], zero where
// hidden.
std::array<at::Tensor, kNumStages> dense_swin(const Swin& swin, const at::Tensor& images, const at::Tensor& visible);

}  // namespace glid
