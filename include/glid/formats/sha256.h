// The hash that download pages and torch.hub's file names give. A library of its own: glid::hash.
#pragma once

#include <filesystem>
#include <string>

namespace glid {

// 64 hexadecimal digits. Throws DataError when the file is missing or unreadable.
std::string sha256_of_file(const std::filesystem::path& file);

}  // namespace glid
