// The time since some moment before the process began, which nobody can set; handlers of signals may ask for it.
#pragma once

#include <cstdint>
#include <ctime>

namespace glid {

inline int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

inline int64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }

}  // namespace glid
