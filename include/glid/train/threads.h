// How many threads an operation has on the CPU; LibTorch's, without its headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "glid/dist/launch.h"

namespace glid {

// What is known where threads are counted.
struct ThreadLimits {
  std::optional<int64_t> wanted;  // by the user
  int64_t processors = 1;         // that the process may use
  int64_t free = 1;               // of them, what nobody uses
  int64_t ranks = 1;              // on this host
};

// As many as are wanted, else the free processors, or where several ranks work on a host an equal share of them all.
int64_t count_threads(const ThreadLimits& limits);
// As many as a run had that goes on, whose bits depend on it, unless somebody says how many or a rank has fewer processors.
int64_t count_threads(const ThreadLimits& limits, int64_t before);

// Sets count_threads() of this process, unless OMP_NUM_THREADS says how many.
void set_threads(std::optional<int64_t> wanted, const LaunchEnv& env);
void keep_threads(std::optional<int64_t> wanted, int64_t before, const LaunchEnv& env);

// "2 threads", and how to have more where one process has fewer than there are processors and nobody said so.
std::string threads_text(std::optional<int64_t> wanted, const LaunchEnv& env);

}  // namespace glid
