// Clocks in whole nanoseconds; handlers of signals may ask for them.
#pragma once

#include <cstdint>
#include <ctime>

namespace glid {

// Of one of clock_gettime()'s clocks.
inline int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Since some moment before the process began; nobody can set it.
inline int64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }

}  // namespace glid
