// How far a program is with its images, or other things, for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace glid {

// On a terminal a bar with the pace, elsewhere a line every fifteen seconds. `what` names the work, `one` what it is of.
class Pace {
 public:
  Pace(std::string what, int64_t total, const char* one = "image",
       std::chrono::milliseconds between_lines = std::chrono::seconds(15))
      : what_(std::move(what)), total_(total), one_(one), between_lines_(between_lines) {}

  // Safe to call from several threads.
  void show(int64_t done);
  void end(int64_t done) const;

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  int64_t total_;
  const char* one_;
  std::chrono::milliseconds between_lines_;
  std::mutex mutex_;
  Clock::time_point begin_ = Clock::now(), last_line_ = begin_;
};

}  // namespace glid
