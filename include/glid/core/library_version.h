// Libraries that are loaded when a program starts, against those that it was compiled with.
#pragma once

#include <cstdint>
#include <string>

namespace glid {

// A version as NVIDIA's headers write it in a number: 22809 is "2.28.9"; with four digits, as NCCL before 2.9 and cuDNN
// before 9 have them, 8907 is "8.9.7".
std::string library_version_text(int64_t version);

// The file of the loaded library that has the function; empty where none has.
std::string library_of(const char* function);

// Throws UsageError unless the `loaded` version has the major number of the `compiled` one and isn't older. `function` is
// one of the library's, to say where it lies.
void require_library(const std::string& name, const char* function, int64_t loaded, int64_t compiled);

}  // namespace glid
