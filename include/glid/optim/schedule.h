// The learning rate as a function of the step, in closed form (no LibTorch).
#pragma once

#include <cstdint>

namespace glid {

struct Schedule {
  double peak = 0;
  int64_t warmup_steps = 0;
  int64_t total_steps = 1;

  // For the update that follows `completed` updates: linear from 0 over the warm-up, then half a cosine to 0
  // (facebookresearch/mae, lr_sched.py, per iteration). A warm-up longer than the run only rises.
  double at(int64_t completed) const;
};

}  // namespace glid
