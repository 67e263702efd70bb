// What is in a file of weights, in words (no LibTorch).
#pragma once

#include <filesystem>
#include <string>

namespace glid {

// Form, size, SHA-256, the encoder that is recognised (or why none is), totals, metadata, and the tree of the tensors with
// shapes, dtypes and sizes, blocks that are alike once. `path` is what weights_file() takes. Throws DataError when it is
// missing or damaged.
std::string weights_text(const std::filesystem::path& path);

}  // namespace glid
