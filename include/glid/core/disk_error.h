// What a disk or a file system refused, in one line that says why and how to go on.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace glid {

// What a user can do about it; empty where nothing is known.
std::string hint_of(const std::error_code& refusal);

// Throws Error (kInternal): FILE: WHAT (got what errno says); hint.
[[noreturn]] void throw_disk_error(const std::filesystem::path& file, const std::string& what);

}  // namespace glid
