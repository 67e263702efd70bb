// The tensors in the nested dictionaries and lists of a pickle, by names.
#pragma once

#include <cstdint>
#include <string>

#include "pickled_tensors.h"
#include "tensor_table.h"

namespace glid {

// Adds to the names, tensors, metadata, left_out and owners of `table`. `file_bytes` bound what the tensors may have, the
// pickle's size the time and memory. Throws DataError naming `where` for a damaged tensor.
void add_tensors(const Pickle& pickle, const PickledTensors::FindStorage& find_storage, uint64_t file_bytes,
                 const std::string& where, TensorTable& table);

}  // namespace glid
