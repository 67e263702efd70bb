// The oracle of the window plan: Swin on the dense grid, written straight after microsoft/Swin-Transformer (pad, roll,
// region mask), where only tokens of one source attend to each other: visible ones, or those of one of several images that
// are mixed (MixMIM's attention mask m m' + (1 - m)(1 - m')). Slow and plain on purpose.
#pragma once

#include <ATen/ATen.h>

#include <array>

#include "glid/model/swin.h"

namespace glid {

// images [B, H, W, 3]; sources [B, units]: 1 (true) or another number of those that are seen, 0 (false) of hidden ones ->
// the stage outputs after their norms, [B, H_s, W_s, C_s], zero where hidden.
std::array<at::Tensor, kNumStages> dense_swin(const Swin& swin, const at::Tensor& images, const at::Tensor& sources);

}  // namespace glid
