// Where the time goes: by the scopes that ATen's RECORD_USER_SCOPE names in the code, which external profilers show too.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace glid {

// Without the phases that began inside it.
struct PhaseTime {
  std::string name;
  double seconds = 0;
};

// Times all phases from its construction on; one at a time. Each begin and end of a phase waits for `device`, or kernels
// would be counted where the host next waits.
class PhaseTimer {
 public:
  explicit PhaseTimer(const c10::Device& device);
  ~PhaseTimer();
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

  // Of the thread that made the timer, and of all others together; in the order of their first ends.
  std::vector<PhaseTime> here() const;
  std::vector<PhaseTime> elsewhere() const;
};

}  // namespace glid
