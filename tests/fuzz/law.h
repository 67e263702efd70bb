// What a fuzzer's body checks beyond "doesn't crash".
#pragma once

#include <stdexcept>

namespace glid {

// A law that doesn't hold ends the fuzzer, and fails the test that replays the input.
inline void expect_law(bool holds, const char* law) {
  if (!holds) throw std::logic_error(law);
}

}  // namespace glid
