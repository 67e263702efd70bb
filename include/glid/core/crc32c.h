// CRC-32C (Castagnoli), used by checkpoints, cached indices and TensorBoard event files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace glid {

// Continues `crc` (0 at the start) over `size` bytes.
uint32_t crc32c(const void* data, size_t size, uint32_t crc = 0);
// The same without the processor's own instruction: what crc32c does where there is none.
uint32_t crc32c_by_table(const void* data, size_t size, uint32_t crc = 0);
// Of a whole file. Throws DataError when it can't be read.
uint32_t crc32c_of_file(const std::filesystem::path& file);

}  // namespace glid
