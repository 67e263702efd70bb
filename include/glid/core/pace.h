// How far a program is with its images, for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace glid {

// On a terminal a bar with the pace, elsewhere a line a minute. `what` names the images there.
class Pace {
 public:
  Pace(std::string what, int64_t total) : what_(std::move(what)), total_(total) {}

  void show(int64_t done);
  void end(int64_t done) const;

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  int64_t total_;
  Clock::time_point begin_ = Clock::now(), last_line_ = begin_;
};

}  // namespace glid
