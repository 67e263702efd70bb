#include "kernels.h"

namespace glid::cpu {

extern const Kernels kernels_v4, kernels_v3, kernels_plain;  // of x86-64-v4 (AVX-512), x86-64-v3 (AVX2), any

namespace {

const Kernels& fastest() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return kernels_v4;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") ? kernels_v3
                                                                                                           : kernels_plain;
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = fastest();
  return chosen;
}

}  // namespace glid::cpu
