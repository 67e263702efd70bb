#include "glid/core/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <iterator>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/output_place.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Leftovers : public testing::Test {
 protected:
  fs::path out() const { return folder_.path() / "out"; }
  // As if it had been written a while ago.
  static void age(const fs::path& path) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::minutes(1));
  }
  fs::path leave(const std::string& name) const {
    const fs::path path = folder_.path() / name;
    fs::create_directories(path);
    write_file(path / "half", "x");
    age(path);
    return path;
  }
  static std::string log_of(const std::function<void()>& work) {
    testing::internal::CaptureStderr();
    work();
    return testing::internal::GetCapturedStderr();
  }

  TemporaryFolder folder_;
};

TEST_F(Leftovers, OfAKilledProgramGoWhenTheSamePlaceIsWrittenAgain) {
  const pid_t child = ::fork();
  if (child == 0) {
    const AtomicFolder half(out());
    put_file(half.path() / "x", "half");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_FALSE(fs::is_empty(folder_.path()));
  age(fs::directory_iterator(folder_.path())->path());
  EXPECT_EQ(log_of([&] { require_new_folder("--out", out()); }), "");
  EXPECT_FALSE(fs::is_empty(folder_.path())) << "a check removes nothing";
  const std::string log = log_of([&] { OutputFolder(out()).commit(); });
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);
  EXPECT_TRUE(fs::is_empty(out()));
  EXPECT_THAT(log, HasSubstr("removed " + out().string() + "."));
}

TEST_F(Leftovers, WhatIsBeingWrittenStays) {
  AtomicFolder folder(out());
  AtomicFile file(folder_.path() / "file");
  for (const fs::path& path : {folder.path(), file.path()}) age(path);
  EXPECT_EQ(log_of([&] { remove_leftovers_in(folder_.path()); }), "");
  folder.commit();
  file.commit();
  EXPECT_TRUE(fs::is_directory(out()));
}

// The run after one that couldn't put its result in place.
TEST_F(Leftovers, WhatIsWholeStays) {
  fs::path kept;
  {
    AtomicFolder folder(out());
    put_file(folder.path() / "file", "whole");
    leave("out");
    EXPECT_THROW(folder.commit(), Error);
    kept = fs::path(folder.path()).replace_extension(".whole");
  }
  age(kept);
  EXPECT_EQ(log_of([&] { remove_leftovers_of(out()); }), "");
  EXPECT_EQ(read_file(kept / "file"), "whole");
}

TEST_F(Leftovers, WhatWasReplacedIsNoneWhileItIsBeingRemoved) {
  leave("out");
  fs::path replaced;
  {
    AtomicFolder folder(out());
    folder.commit();
    replaced = folder.path();
    ASSERT_TRUE(fs::exists(replaced / "half"));
    EXPECT_EQ(log_of([&] { remove_leftovers_of(out()); }), "");
    EXPECT_TRUE(fs::exists(replaced));
  }
  EXPECT_FALSE(fs::exists(replaced));
}

// Of a program that was killed where folders can't be exchanged in one step.
TEST_F(Leftovers, WhatWasMovedAsideIsPutBackWhereNothingTookItsPlace) {
  put_file(leave("out.0123ab.tmp.old") / "old", "x");
  age(folder_.path() / "out.0123ab.tmp.old");
  leave("out.0123ab.tmp");
  EXPECT_THAT(log_of([&] { remove_leftovers_of(out()); }), HasSubstr(out().string() + ": put back"));
  EXPECT_TRUE(fs::exists(out() / "old"));
  leave("out.0123ab.tmp.old");
  remove_leftovers_of(out());
  EXPECT_TRUE(fs::exists(out() / "old"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(Leftovers, BehindALinkGoWhenAFileIsWrittenThere) {
  const TemporaryFolder elsewhere;
  put_file(elsewhere.path() / "page", "old");
  fs::create_symlink(elsewhere.path() / "page", out());
  put_file(elsewhere.path() / "page.0123ab.tmp", "half");
  age(elsewhere.path() / "page.0123ab.tmp");
  write_output(out(), "whole");
  EXPECT_FALSE(fs::exists(elsewhere.path() / "page.0123ab.tmp"));
  EXPECT_EQ(read_file(elsewhere.path() / "page"), "whole");
}

TEST_F(Leftovers, OfAClockThatWasAheadGo) {
  fs::last_write_time(leave("out.0123ab.tmp"), fs::file_time_type::clock::now() + std::chrono::hours(1));
  remove_leftovers_of(out());
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(Leftovers, OfOtherPlacesStay) {
  const fs::path left = leave("out.0123ab.tmp");
  for (const char* other : {"out.tmp", "out.0123xy.tmp", "out.0123ab", "other.0123ab.tmp", "out.x.0123ab.tmp"}) leave(other);
  fs::create_directory_symlink(folder_.path() / "out.tmp", folder_.path() / "out.ffffff.tmp");
  EXPECT_THAT(log_of([&] { remove_leftovers_of(out() / ""); }), Not(HasSubstr("other")));
  EXPECT_FALSE(fs::exists(left));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 6);
}

TEST_F(Leftovers, ThatHaveJustBeenMadeMayNotBeLockedYet) {
  fs::create_directory(folder_.path() / "out.0123ab.tmp");
  remove_leftovers_of(out());
  EXPECT_TRUE(fs::exists(folder_.path() / "out.0123ab.tmp"));
}

// By whoever cleans up; writers make the folders of their files anew.
TEST_F(Leftovers, AFolderThatWasRemovedIsNotPutInPlace) {
  AtomicFolder folder(out());
  fs::remove_all(folder.path());
  fs::create_directory(folder.path());
  put_file(folder.path() / "last", "x");
  EXPECT_THROW(folder.commit(), Error);
  EXPECT_FALSE(fs::exists(out()));
}

}  // namespace
}  // namespace glid
