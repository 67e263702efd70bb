// A tensor in a file that is mapped into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

struct TensorInfo {
  std::string dtype;                // as safetensors names it: F64 F32 F16 BF16 F8_E4M3 I64 I8 U8 BOOL ...
  std::vector<int64_t> shape;       // empty for a scalar
  const std::byte* data = nullptr;  // the first element; need not be aligned
  size_t bytes = 0;                 // elements x size of dtype
  std::vector<int64_t> strides;     // in elements, not negative; empty: row-major without gaps
};

// Bytes of one element, 0 for an unknown dtype.
size_t dtype_bytes(std::string_view dtype);

}  // namespace glid
