// The seeds of a fuzzer as a unit test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "glid/core/files.h"

namespace glid {

// Calls `body` with every file of tests/fuzz/seeds/<target>; expects that there are some and that nothing is thrown.
inline void replay_seeds(const std::string& target, void (*body)(std::string_view)) {
  size_t num_seeds = 0;
  const auto folder = std::filesystem::path(GLID_SOURCE_DIR) / "tests" / "fuzz" / "seeds" / target;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().filename());
    EXPECT_NO_THROW(body(read_file(entry.path())));
    ++num_seeds;
  }
  EXPECT_GT(num_seeds, 0u);
}

}  // namespace glid
