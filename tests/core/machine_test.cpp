// What programs ask of the machine that they run on: processors, the home folder, what a shell makes of words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cmath>
#include <cstdlib>
#include <thread>

#include "glid/core/cpus.h"
#include "glid/core/files.h"
#include "glid/core/home.h"
#include "glid/core/shell.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

TEST(Cpus, AreThoseOfTheAffinity) {
  std::thread([] {
    cpu_set_t all, one;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
      if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(num_cpus(), 1);
  }).join();
  EXPECT_GE(num_free_cpus(), 1);
  EXPECT_LE(num_free_cpus(), num_cpus());
}

TEST(Cpus, QuotaIsTheLeastOfAGroupAndThoseAbove) {
  const TemporaryFolder root;
  const std::filesystem::path job = root.path() / "users/job";
  std::filesystem::create_directories(job / "step");
  const auto quota = [&] { return cpu_quota(root.path(), "/users/job/step"); };
  EXPECT_TRUE(std::isinf(quota()));
  write_file(job / "cpu.max", "max 100000\n");
  EXPECT_TRUE(std::isinf(quota()));
  write_file(job / "step/cpu.max", "400000 100000\n");
  EXPECT_EQ(quota(), 4);
  write_file(job / "cpu.max", "150000 100000\n");
  EXPECT_EQ(quota(), 1.5);
  write_file(root.path() / "cpu.cfs_quota_us", "-1\n");
  write_file(root.path() / "cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), 1.5);
  write_file(root.path() / "cpu.cfs_quota_us", "100000\n");
  EXPECT_EQ(quota(), 1);
}

class Home : public testing::Test {
 protected:
  void SetUp() override { setenv("HOME", "/home/me", 1); }
  void TearDown() override { setenv("HOME", before_.c_str(), 1); }

 private:
  std::string before_ = std::getenv("HOME") ? std::getenv("HOME") : "";
};

TEST_F(Home, TakesThePlaceOfALeadingTilde) {
  EXPECT_EQ(expand_home("~"), "/home/me");
  EXPECT_EQ(expand_home("~/runs/a"), "/home/me/runs/a");
  EXPECT_EQ(expand_home("runs/~"), "runs/~");
  EXPECT_EQ(expand_home("./~x"), "./~x");
  EXPECT_EQ(expand_home(""), std::nullopt);
  EXPECT_EQ(expand_home("~you/runs"), std::nullopt);
  unsetenv("HOME");
  EXPECT_EQ(expand_home("~/runs"), std::nullopt);
  EXPECT_EQ(expand_home("/runs"), "/runs");
}

TEST(ShellLine, QuotesWhatAShellWouldChange) {
  EXPECT_EQ(shell_line({"--set", "init.from=runs/a-1", "--x=y,z:w@%+"}), "--set init.from=runs/a-1 --x=y,z:w@%+");
  EXPECT_EQ(shell_line({"a b", "[x]", "~/x", ""}), "'a b' '[x]' '~/x' ''");
  EXPECT_EQ(shell_line({"it's"}), "'it'\\''s'");
}

}  // namespace
}  // namespace glid
