// The names of tensors as a tree.
#pragma once

#include <string>

#include "glid/formats/tensor_file.h"

namespace glid {

// A line a node and tensor, in the file's order: neighbours with numbers for names and the same below them are one,
// "0..17" or "0, 2 .. 16", where the first of them is. Every text is UTF-8 without control characters.
std::string name_tree(const TensorFile& file);

// "88.1 MB", in powers of ten as file managers count.
std::string bytes_text(uint64_t bytes);

}  // namespace glid
