// Where a program will write at its end, looked at before the work.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

// Throws UsageError naming `option` where `path` can't become a file or a folder, with the folders above it that are
// missing. Nothing is made; an empty path is fine.
void require_file(const std::string& option, const std::filesystem::path& path);
void require_folder(const std::string& option, const std::filesystem::path& path);
// Throws UsageError naming `option` where writing `path` would replace one of `inputs`: what is read, or another output.
void require_apart(const std::string& option, const std::filesystem::path& path,
                   const std::vector<std::filesystem::path>& inputs);
// Throws UsageError naming `option` where what is written to `path` would lie in `input`, if that is a folder: who reads it
// again would read that too.
void require_outside(const std::string& option, const std::filesystem::path& path, const std::filesystem::path& input);

// Writes the file and the folders above it that are missing; nothing is left of them where it fails. An empty path is fine.
void write_output(const std::filesystem::path& file, std::string_view content);

}  // namespace glid
