// What only a GPU can show, for scripts/gpu_check.sh (no LibTorch).
#pragma once

namespace glid {

// One update's loss and gradients of `tiny` on the CPU against CUDA 0, in fp32 (1e-4 of each tensor's largest value) and
// bf16 (2e-2 of all as one vector), with fused operations and without, each fused operation against the plain one (2e-2 of
// each tensor's largest value), and through the Reducer over NCCL with one rank (equal to the group of one to 1e-5). Prints
// every figure; true if all are within their bounds. Throws UsageError where there is no GPU.
bool check_gpu();

}  // namespace glid
