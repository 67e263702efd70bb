#include "fuzz/tar_fuzz.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  glid::fuzz_tar({reinterpret_cast<const char*>(data), size});
  return 0;
}
