// Compiled once for each kind of processor: GLID_KERNELS is what its table is called, GLID_LANES how wide its vectors are.
#include "kernels.h"

#include "depthwise.h"
#include "elementwise.h"
#include "gelu.h"
#include "window_attention.h"

namespace glid::cpu {
namespace {

template <typename T>
constexpr KernelsOf<T> kernels_of() {
  return {.attend = attend<T>,
          .attend_backward = attend_backward<T>,
          .depthwise = depthwise<T>,
          .depthwise_weights = depthwise_weights<T>,
          .weighted_silu = weighted_silu<T>,
          .weighted_silu_backward = weighted_silu_backward<T>,
          .pool = pool<T>,
          .pool_backward = pool_backward<T>,
          .up = up<T>,
          .up_backward = up_backward<T>,
          .biased_gelu = biased_gelu<T>,
          .biased_gelu_backward = biased_gelu_backward<T>};
}

}  // namespace

extern const Kernels GLID_KERNELS;
const Kernels GLID_KERNELS{kernels_of<float>(), kernels_of<Bf16>()};

}  // namespace glid::cpu
