// How many processors there are to work on.
#pragma once

#include <cstdint>
#include <filesystem>

namespace glid {

// Those that this process may use, by its affinity and by the quotas of its control groups (rounded up); at least 1.
int64_t num_cpus();

// Of those, the ones that nobody used in the fifth of a second for which the first call waits (later ones have its answer);
// at least 1. What processes of low priority use (nice) counts as unused.
int64_t num_free_cpus();

// The quota in a file system of control groups, in processors: the least of `group` and of those above it, by cpu.max (v2)
// or cpu.cfs_quota_us (v1). Infinite where there is none.
double cpu_quota(const std::filesystem::path& root, const std::filesystem::path& group);

}  // namespace glid
