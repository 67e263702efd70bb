#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/output_place.h"
#include "glid/core/temporaries.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

TEST(Files, BelowAFolderAreListedThroughLinksWithoutHiddenOnes) {
  const TemporaryFolder here, there;
  const auto put = [](const std::filesystem::path& file) {
    std::filesystem::create_directories(file.parent_path());
    write_file(file, "x");
  };
  for (const char* name : {"b", "a/z", "a/.hidden", ".git/config", "left/out", "B"}) put(here.path() / name);
  put(there.path() / "deep/linked");
  std::filesystem::create_directory_symlink(there.path(), here.path() / "link");
  ASSERT_EQ(::mkfifo((here.path() / "pipe").c_str(), 0600), 0);  // to read it would wait for ever
  std::filesystem::create_symlink("/dev/zero", here.path() / "endless");
  testing::internal::CaptureStderr();
  EXPECT_EQ(files_below(here.path(), here.path() / "left"), (std::vector<std::string>{"B", "a/z", "b", "link/deep/linked"}));
  EXPECT_EQ(files_below(here.path() / ""), (std::vector<std::string>{"B", "a/z", "b", "left/out", "link/deep/linked"}));
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("passed over: 2 pipes, devices or sockets (first: endless)"));
  EXPECT_THROW(files_below(here.path() / "nowhere"), DataError);
}

TEST(Files, LinksThatLeadBackAreNotFollowed) {
  const TemporaryFolder here;
  for (const char* folder : {"a/deep", "b"}) std::filesystem::create_directories(here.path() / folder);
  write_file(here.path() / "a/one", "x");
  write_file(here.path() / "b/two", "x");
  std::filesystem::create_directory_symlink(here.path(), here.path() / "a/deep/up");
  std::filesystem::create_directory_symlink(here.path() / "b", here.path() / "a/other");
  std::filesystem::create_directory_symlink(here.path() / "a", here.path() / "b/back");
  std::filesystem::create_symlink("self", here.path() / "self");  // a file that can't be read
  EXPECT_EQ(files_below(here.path()), (std::vector<std::string>{"a/one", "a/other/two", "b/back/one", "b/two", "self"}));
}

TEST(Files, AppearWholeOrNotAtAll) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "file";
  {
    const AtomicFile dropped(file);
    std::ofstream(dropped.path()) << "half";
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  AtomicFile whole(file);
  std::ofstream(whole.path()) << "whole";
  EXPECT_FALSE(std::filesystem::exists(file));
  whole.commit();
  EXPECT_EQ(read_file(file), "whole");
  EXPECT_EQ(files_below(folder.path()).size(), 1u);
}

// A folder of the same name is there, whole, until the new one takes its place.
TEST(Files, AFolderReplacesAnotherInOneStep) {
  const TemporaryFolder here;
  for (const char* content : {"old", "new"}) {
    AtomicFolder folder(here.path() / "final");
    write_file(folder.path() / "file", content);
    if (content == std::string_view("new")) {
      EXPECT_EQ(read_file(here.path() / "final/file"), "old");
    }
    folder.commit();
    EXPECT_EQ(read_file(here.path() / "final/file"), content);
  }
  EXPECT_EQ(files_below(here.path()), std::vector<std::string>{"final/file"});
}

// Two programs that write one place: each has a name of its own, what others put at such a name stays, and so does what the
// first of them put in place.
TEST(Files, TwoFoldersOfOneNameLoseNothing) {
  const TemporaryFolder here;
  const std::filesystem::path place = here.path() / "final";
  write_file(here.path() / "final.tmp", "a user's");
  AtomicFolder first(place);
  std::filesystem::path kept;
  {
    AtomicFolder second(place);
    kept = second.path();
    kept.replace_extension(".whole");
    write_file(first.path() / "file", "first");
    write_file(second.path() / "file", "second");
    first.commit();
    try {
      second.commit();
      ADD_FAILURE() << "replaced what was put there since";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("what was written is whole in " + kept.string()));
    }
  }
  EXPECT_EQ(read_file(place / "file"), "first");
  EXPECT_EQ(read_file(kept / "file"), "second");
  EXPECT_EQ(read_file(here.path() / "final.tmp"), "a user's");
}

// As require_new_folder() allows it.
TEST(Files, AFolderTakesThePlaceOfAnEmptyOneAndNotOfWhatWasPutThereSince) {
  const TemporaryFolder here;
  for (const char* name : {"stays_empty", "filled"}) std::filesystem::create_directory(here.path() / name);
  AtomicFolder empty(here.path() / "stays_empty"), filled(here.path() / "filled");
  write_file(here.path() / "filled/file", "another's");
  write_file(empty.path() / "file", "ours");
  empty.commit();
  EXPECT_THROW(filled.commit(), Error);
  EXPECT_EQ(read_file(here.path() / "stays_empty/file"), "ours");
  EXPECT_EQ(read_file(here.path() / "filled/file"), "another's");
}

TEST(Files, ALinkStaysAndWhatItLeadsToIsWritten) {
  const TemporaryFolder here;
  write_file(here.path() / "page_1", "old");
  std::filesystem::create_directory(here.path() / "empty");
  std::filesystem::create_symlink("page_1", here.path() / "page");
  std::filesystem::create_directory_symlink("empty", here.path() / "out");
  write_file(here.path() / "page", "new");
  EXPECT_EQ(read_file(here.path() / "page_1"), "new");
  OutputFolder out(here.path() / "out/");
  write_file(out.path() / "file", "x");
  out.commit();
  EXPECT_EQ(read_file(here.path() / "empty/file"), "x");
  EXPECT_TRUE(std::filesystem::is_symlink(here.path() / "page"));
  EXPECT_TRUE(std::filesystem::is_symlink(here.path() / "out"));
}

// `program | head` ends it.
TEST(Temporaries, AreGoneWhereNobodyReadsThePipe) {
  const TemporaryFolder here;
  const std::filesystem::path file = here.path() / "file";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto write_to_a_broken_pipe = [&] {
    remove_temporaries_on_signals();
    const AtomicFile half(file);
    int ends[2];
    if (::pipe(ends) != 0) return;
    ::close(ends[0]);
    while (true) [[maybe_unused]] const auto failed = ::write(ends[1], "x", 1);
  };
  EXPECT_EXIT(write_to_a_broken_pipe(), ::testing::KilledBySignal(SIGPIPE), "ended by signal 13");
  EXPECT_TRUE(std::filesystem::is_empty(here.path()));
}

TEST(Files, ADiskThatRefusesIsOneLineWithTheReason) {
  const TemporaryFolder here;
  try {
    put_file(here.path() / "missing/file", "x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), (here.path() / "missing/file").string() +
                                ": can't be written (got No such file or directory); is its folder still there?");
  }
}

TEST(OutputPlace, IsKeptApartFromWhatIsReadAndWrittenBesides) {
  const TemporaryFolder here;
  const std::filesystem::path in = here.path() / "in", file = here.path() / "file";
  write_file(file, "x");
  std::filesystem::create_directory(in);
  write_file(in / "image", "x");
  EXPECT_THROW(require_new_folder("--out", in), UsageError);
  EXPECT_THROW(require_new_folder("--out", file), UsageError);
  EXPECT_THROW(require_new_folder("--out", "/proc/self/task"), UsageError) << "not ours to write";
  EXPECT_NO_THROW(require_new_folder("--out", here.path() / "new/deep/"));
  EXPECT_NO_THROW(require_new_folder("--out", here.path() / std::string(244, 'a')));
  EXPECT_THROW(require_new_folder("--out", here.path() / std::string(245, 'a')), UsageError) << "no room for .0123ab.tmp";
  EXPECT_THROW(require_apart("--csv", here.path() / "new", {here.path() / "in/../new"}), UsageError);
  EXPECT_NO_THROW(require_apart("--csv", here.path() / "new", {here.path() / "other"}));
  EXPECT_THROW(require_outside("--out", in / "new", in), UsageError);
  EXPECT_NO_THROW(require_outside("--out", here.path() / "in2", in));
}

TEST(Files, TwoFilesOfOneNameDoNotMix) {
  const TemporaryFolder here;
  AtomicFile first(here.path() / "file"), second(here.path() / "file");
  put_file(first.path(), "first");
  put_file(second.path(), "second");
  first.commit();
  EXPECT_EQ(read_file(here.path() / "file"), "first");
  second.commit();
  EXPECT_EQ(read_file(here.path() / "file"), "second");
}

TEST(Files, FoldersAboveAreRemovedUnlessKept) {
  const TemporaryFolder here;
  const std::filesystem::path file = here.path() / "a/b/file";
  {
    const FoldersAbove above(file);
    EXPECT_TRUE(std::filesystem::is_directory(here.path() / "a/b"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(here.path()));
  {
    const FoldersAbove above(file);
    write_file(file, "another's");
  }
  EXPECT_EQ(read_file(file), "another's");
  FoldersAbove above(here.path() / "c/file");
  above.keep();
  EXPECT_TRUE(std::filesystem::is_directory(here.path() / "c"));
  EXPECT_THROW(FoldersAbove(here.path() / "a/b/file/below/x"), Error);
}

TEST(Files, APipeIsWrittenAndNotReplaced) {
  const TemporaryFolder folder;
  const std::filesystem::path pipe = folder.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int reader = open(pipe.c_str(), O_RDWR | O_NONBLOCK);
  write_file(pipe, "through");
  char bytes[16] = {};
  EXPECT_EQ(read(reader, bytes, sizeof bytes), 7);
  EXPECT_STREQ(bytes, "through");
  close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST(Files, AFolderThatIsNotCommittedLeavesNothing) {
  TemporaryFolder dir;
  const auto place = dir.path() / "checkpoint";
  {
    AtomicFolder folder(place);
    write_file(folder.path() / "a", "1");
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  AtomicFolder folder(place);
  write_file(folder.path() / "a", "2");
  folder.commit();
  EXPECT_EQ(read_file(place / "a"), "2");
  EXPECT_THROW(read_file(place / "b"), DataError);
}

TEST(OutputPlace, IsRefusedBeforeTheWork) {
  const TemporaryFolder dir;
  const std::filesystem::path file = dir.path() / "file";
  put_file(file, "");
  EXPECT_NO_THROW(require_file("--json", {}));
  EXPECT_NO_THROW(require_file("--json", file));  // will be replaced
  EXPECT_NO_THROW(require_file("--json", dir.path() / "a" / "b.json"));
  EXPECT_NO_THROW(require_file("--json", "b.json"));
  EXPECT_NO_THROW(require_folder("--out", dir.path()));
  EXPECT_NO_THROW(require_folder("--out", dir.path() / "a" / ""));
  EXPECT_THROW(require_file("--json", dir.path()), UsageError);
  EXPECT_THROW(require_folder("--out", file), UsageError);
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "a"));
  try {
    require_file("--json", file / "b.json");
    FAIL() << "no error";
  } catch (const UsageError& error) {
    EXPECT_EQ(error.what(), "--json: lies below a file (got " + (file / "b.json").string() + "); " + file.string());
  }
}

}  // namespace
}  // namespace glid
