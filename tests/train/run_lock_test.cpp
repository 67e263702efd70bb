#include "glid/train/run_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/core/lock_owner.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RunLockTest : public testing::Test {
 protected:
  fs::path file() const { return folder() / RunLock::kFile; }
  fs::path folder() const { return folder_.path() / "run"; }
  // The lock as a run of this process writes it, with one member changed.
  void leave(const char* name, const Json& value) const {
    std::string text;
    fs::create_directories(folder());
    {
      const RunLock lock(folder());
      text = read_file(file());
    }
    const Json written = Json::parse(text, "lock");
    Json changed = Json::object();
    for (const auto& [key, old] : written.as_object()) changed.set(key, key == name ? value : old);
    put_file(file(), changed.dump() + "\n");
  }
  std::string refusal() const {
    try {
      const RunLock lock(folder());
    } catch (const UsageError& error) {
      return error.what();
    }
    return "(taken)";
  }
  void make_older(std::chrono::seconds age) const { fs::last_write_time(file(), fs::file_time_type::clock::now() - age); }

  TemporaryFolder folder_;
};

TEST_F(RunLockTest, HasTheFolderUntilItsEnd) {
  {
    const RunLock lock(folder());
    EXPECT_THAT(refusal(), HasSubstr("another run is writing there (got process " + std::to_string(::getpid())));
    EXPECT_TRUE(fs::exists(file()));
  }
  EXPECT_FALSE(fs::exists(folder()));  // nothing was written
  EXPECT_EQ(refusal(), "(taken)");
}

TEST_F(RunLockTest, OfAProcessThatIsGoneIsTakenOver) {
  leave("pid", int64_t{1} << 40);
  EXPECT_EQ(refusal(), "(taken)");
  leave("start", 1);  // another process has the number now
  EXPECT_EQ(refusal(), "(taken)");
  leave("processes", "of another boot or container");  // whose numbers say nothing
  EXPECT_THAT(refusal(), HasSubstr("another run"));
  make_older(std::chrono::minutes(6));
  EXPECT_EQ(refusal(), "(taken)");
}

// One that nobody has waited for still has its number.
TEST_F(RunLockTest, OfAProcessThatHasEndedIsTakenOver) {
  const LockOwner here = LockOwner::self();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    fs::create_directories(folder());
    put_file(file(), LockOwner::self().dump());
    if (::write(ready[1], "", 1) == 1) ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]), ::close(ready[1]);
  EXPECT_THAT(refusal(), HasSubstr(format("process {} on {}", child, here.host)));
  ::kill(child, SIGKILL);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(refusal(), "(taken)");
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST_F(RunLockTest, OfAnotherHostIsHeldWhileItIsRenewed) {
  leave("host", "elsewhere");
  EXPECT_THAT(refusal(), HasSubstr("on elsewhere"));  // the number is of this very process
  fs::remove(file());
  leave("processes", "elsewhere");
  make_older(std::chrono::minutes(4));
  EXPECT_THAT(refusal(), HasSubstr("another run is writing there"));
  make_older(std::chrono::minutes(6));
  EXPECT_EQ(refusal(), "(taken)");
}

TEST_F(RunLockTest, OfSomebodyElseStaysAtTheEnd) {
  {
    const RunLock lock(folder());
    put_file(file(), "{\"host\":\"elsewhere\",\"boot\":\"b\",\"pid\":1,\"start\":2}\n");
  }
  EXPECT_TRUE(fs::exists(file()));
}

TEST_F(RunLockTest, HalfWrittenIsHeldForAWhile) {
  fs::create_directories(folder());
  put_file(file(), "");
  EXPECT_THAT(refusal(), HasSubstr("just begun"));
  make_older(std::chrono::minutes(6));
  EXPECT_EQ(refusal(), "(taken)");
}

}  // namespace
}  // namespace glid
