// Files that have a content of their own: to open a pipe, a device or a socket may wait for ever.
#pragma once

#include <cstdint>
#include <filesystem>

namespace glid {

// The bytes of `file`. Throws DataError that says what it is instead: missing, a folder, a pipe, a device, a socket.
uint64_t size_of_regular_file(const std::filesystem::path& file);

}  // namespace glid
