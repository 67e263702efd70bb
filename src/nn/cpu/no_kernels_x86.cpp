#include "kernels.h"

namespace glid::cpu {

extern const Kernels kernels_plain;

const Kernels& kernels() { return kernels_plain; }

}  // namespace glid::cpu
