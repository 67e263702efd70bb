// Input: a file of tensors, of any form but an index.
#pragma once

#include <string>
#include <string_view>

#include "formats/packed_tensor.h"
#include "fuzz/law.h"
#include "fuzz/memory_file.h"
#include "glid/core/error.h"
#include "glid/formats/tensor_file.h"

namespace glid {

inline void fuzz_torch_file(std::string_view bytes) {
  const MemoryFile memory(bytes);
  try {
    const TensorFile file(memory.path());
    size_t num_bytes = 0;
    for (const std::string& name : file.names()) {
      const TensorInfo* tensor = file.find(name);
      expect_law(tensor != nullptr, "every name is found");
      expect_law(packed(*tensor).size() == tensor->bytes, "every element lies in the file");
      num_bytes += tensor->bytes;
    }
    expect_law(num_bytes <= 8 * bytes.size(), "the tensors are bounded");
    expect_law(file.metadata().size() <= 10'000 || file.form() == "safetensors", "the texts are bounded");
  } catch (const DataError&) {}
}

}  // namespace glid
