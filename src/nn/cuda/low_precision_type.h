// The 16-bit types of the kernels.
#pragma once

namespace glid::cuda {

enum class LowPrecision { kBf16, kFp16 };

}  // namespace glid::cuda
