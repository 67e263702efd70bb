// How many threads an operation has on the CPU; LibTorch's, without its headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "glid/dist/launch.h"

namespace glid {

// So many, else as OMP_NUM_THREADS says, else the processors that are free, or where several ranks work on a host an equal share
// of them all.
void set_threads(std::optional<int64_t> wanted, const LaunchEnv& env);

// As many as a run had, whose bits depend on it, unless somebody says how many or there are fewer processors.
void keep_threads(std::optional<int64_t> wanted, int64_t threads);

// "2 threads", and how to have more where not all processors were free.
std::string threads_text(std::optional<int64_t> wanted);

}  // namespace glid
