#include "fuzz/mat5_fuzz.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  glid::fuzz_mat5({reinterpret_cast<const char*>(data), size});
  return 0;
}
