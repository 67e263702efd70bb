#include "glid/core/kept_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace glid {
namespace {

int64_t page_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// Page faults while 64 MiB are taken, filled and freed again.
int64_t faults_of_a_block() {
  const int64_t before = page_faults();
  const std::vector<char> block(size_t{64} << 20, 1);
  EXPECT_EQ(block.back(), 1);
  return page_faults() - before;
}

TEST(KeptMemory, IsTakenAgainWithoutPageFaults) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the allocator is the sanitizer's";
#endif
  if (std::getenv("MALLOC_MMAP_THRESHOLD_") || std::getenv("GLIBC_TUNABLES")) GTEST_SKIP() << "somebody chose otherwise";
  ASSERT_TRUE(keep_freed_memory());
  faults_of_a_block();
  EXPECT_LT(faults_of_a_block(), 100);  // 16,384 where it comes anew in pages of 4 KiB
}

TEST(KeptMemory, IsLeftAsSomebodyChoseIt) {
  ::setenv("MALLOC_TRIM_THRESHOLD_", "131072", 1);
  EXPECT_FALSE(keep_freed_memory());
  ::unsetenv("MALLOC_TRIM_THRESHOLD_");
}

}  // namespace
}  // namespace glid
