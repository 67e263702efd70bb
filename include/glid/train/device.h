// Where the arithmetic of a run happens.
#pragma once

#include <c10/core/Device.h>

#include "glid/dist/launch.h"
#include "glid/train/run_config.h"

namespace glid {

// The device that train.device means, for this process's place in its group. Throws UsageError for cuda without one,
// and for a GPU with a cuDNN that is older than LibTorch's.
c10::Device choose_device(DeviceChoice choice, int local_rank);

// Says how a program computes: "2 threads, cpu, fp32", and warns where that is hopelessly slow.
void log_arithmetic(const TrainConfig& config, const c10::Device& device, const LaunchEnv& env);

// Resident memory of this process (a CPU), or the peak allocated on a CUDA device, in MiB.
double memory_mib(const c10::Device& device);

// The most that memory_mib() has been since the program began or since the last forget_peak_memory().
double peak_memory_mib(const c10::Device& device);
void forget_peak_memory(const c10::Device& device);

// The most that memory_mib() could become: all of a CUDA device, or four fifths of what a host has free beside what this
// process has.
double memory_limit_mib(const c10::Device& device);

}  // namespace glid
