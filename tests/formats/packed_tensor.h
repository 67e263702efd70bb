// The elements of a tensor in row-major order.
#pragma once

#include <string>
#include <vector>

#include "glid/formats/tensor_info.h"

namespace glid {

inline std::string packed(const TensorInfo& tensor) {
  if (tensor.strides.empty() || tensor.bytes == 0) return {reinterpret_cast<const char*>(tensor.data), tensor.bytes};
  const size_t element = dtype_bytes(tensor.dtype);
  std::vector<int64_t> at(tensor.shape.size());
  std::string bytes;
  while (bytes.size() < tensor.bytes) {
    int64_t place = 0;
    for (size_t d = 0; d < at.size(); ++d) place += at[d] * tensor.strides[d];
    bytes.append(reinterpret_cast<const char*>(tensor.data) + static_cast<size_t>(place) * element, element);
    for (size_t d = at.size(); d-- > 0 && ++at[d] == tensor.shape[d];) at[d] = 0;
  }
  return bytes;
}

}  // namespace glid
