// A test case that runs in several processes: the case starts itself again as ranks of a group.
//   TEST(X, Y) { if (!on_ranks(2)) return;  ... what each rank does and expects ... }
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "glid/dist/launch.h"

namespace glid {

inline bool in_rank() { return std::getenv("RANK") != nullptr; }

// Runs the calling test case in `num_ranks` processes and returns their common exit code; not to be called in a rank.
inline int run_on_ranks(int num_ranks, double grace_s = 10.0) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string name = std::string(test->test_suite_name()) + "." + test->name();
  return launch_local(num_ranks, {"--gtest_filter=" + name, "--gtest_output="}, grace_s);
}

// True in the ranks. In the process that CTest started: runs the ranks, expects all to pass, and returns false.
inline bool on_ranks(int num_ranks) {
  if (in_rank()) return true;
  EXPECT_EQ(run_on_ranks(num_ranks), 0);
  return false;
}

}  // namespace glid
