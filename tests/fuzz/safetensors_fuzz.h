// Input: a safetensors file.
#pragma once

#include <string>
#include <string_view>

#include "fuzz/law.h"
#include "fuzz/memory_file.h"
#include "glid/core/error.h"
#include "glid/formats/safetensors.h"

namespace glid {

inline void fuzz_safetensors(std::string_view bytes) {
  const MemoryFile memory(bytes);
  try {
    const SafetensorsFile file(memory.path());
    unsigned sum = 0;
    size_t num_bytes = 0;
    for (const std::string& name : file.names()) {
      const TensorInfo* tensor = file.find(name);
      expect_law(tensor != nullptr, "every name is found");
      for (size_t i = 0; i < tensor->bytes; ++i) sum += std::to_integer<unsigned>(tensor->data[i]);
      num_bytes += tensor->bytes;
    }
    expect_law(num_bytes < bytes.size() && sum <= 255 * num_bytes, "the data lie in the file");
  } catch (const DataError&) {}
}

}  // namespace glid
