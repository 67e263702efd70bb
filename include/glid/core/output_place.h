// Where a program will write at its end, looked at before the work.
#pragma once

#include <filesystem>
#include <string>

namespace glid {

// Throws UsageError naming `option` where neither `path` nor the folders above it that are missing can be made. Nothing is
// made; an empty path is fine.
void require_place(const std::string& option, const std::filesystem::path& path);

}  // namespace glid
