#include "glid/data/file_list.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/folder_walk.h"
#include "support/temporary_folder.h"
#include "write_images.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A folder of four images, and a place for lists of three or more.
class FileListTest : public testing::Test {
 protected:
  FileListTest() {
    for (const char* file : {"b/1.jpg", "a/2.png", "a/deep/3.JPEG", "4.jpg", "a/notes.txt", "x.webp"})
      write_text(root() / file, file);
    fs::create_directories(root() / "empty");
    age();
  }
  fs::path root() const { return folder_.path() / "images"; }
  fs::path kept() const { return folder_.path() / "kept"; }
  FileListCache cache() const { return {.folder = kept(), .kept_from = 3, .settled_for = 0ns}; }
  FileList open(const fs::path& skipped = {}) const { return FileList::open(root(), skipped, cache()); }
  // Until the clock of the file system has gone on.
  static void age() { std::this_thread::sleep_for(30ms); }
  std::vector<fs::path> cache_files() const {
    std::vector<fs::path> files;
    if (fs::exists(kept()))
      for (const auto& entry : fs::directory_iterator(kept()))
        if (entry.path().extension() == ".files") files.push_back(entry.path());
    return files;
  }
  std::string log_of_opening() const {
    testing::internal::CaptureStderr();
    EXPECT_EQ(open().size(), 4);
    return testing::internal::GetCapturedStderr();
  }

  TemporaryFolder folder_;
};

std::vector<std::string> names_of(const FileList& list) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < list.size(); ++i) names.emplace_back(list.file(i));
  return names;
}

TEST_F(FileListTest, IsTheSameFromTheFoldersAndFromTheCache) {
  const FileList listed = FileList::open(root(), {}, {}), made = open();
  const auto time = fs::last_write_time(cache_files().at(0));
  const FileList again = open();
  EXPECT_FALSE(listed.is_cached());
  EXPECT_TRUE(made.is_cached() && again.is_cached());
  EXPECT_EQ(fs::last_write_time(cache_files().at(0)), time);
  for (const FileList* list : {&listed, &made, &again}) {
    EXPECT_THAT(names_of(*list), ElementsAre("4.jpg", "a/2.png", "a/deep/3.JPEG", "b/1.jpg"));
    for (int64_t i = 0; i < list->size(); ++i) EXPECT_EQ(list->bytes(i), list->file(i).size());
    EXPECT_EQ(list->others().text(), "1 x .webp");
  }
  EXPECT_THAT(names_of(FileList(root(), {"b/1.jpg", "none.jpg", "4.jpg"})), ElementsAre("b/1.jpg", "none.jpg", "4.jpg"));
}

TEST_F(FileListTest, FewImagesAndFoldersThatJustChangedAreNotKept) {
  FileListCache cache = this->cache();
  cache.kept_from = 5;
  EXPECT_FALSE(FileList::open(root(), {}, cache).is_cached());
  cache = this->cache();
  cache.settled_for = 1h;
  EXPECT_FALSE(FileList::open(root(), {}, cache).is_cached());
  EXPECT_TRUE(cache_files().empty());
  EXPECT_TRUE(fs::is_empty(kept()));  // no lock either
}

TEST_F(FileListTest, WhatIsMadeRemovedOrRenamedIsSeen) {
  const auto expect_listed_anew = [&](const std::function<void()>& change) {
    EXPECT_TRUE(open().is_cached());
    age();
    change();
    age();
    const FileList list = open();
    EXPECT_EQ(names_of(list), names_of(FileList::open(root(), {}, {})));
    EXPECT_TRUE(list.is_cached());
    return list.size();
  };
  EXPECT_EQ(expect_listed_anew([&] { write_text(root() / "a/deep/5.jpg", "x"); }), 5);
  EXPECT_EQ(expect_listed_anew([&] { write_text(root() / "empty/6.jpg", "x"); }), 6);
  EXPECT_EQ(expect_listed_anew([&] { fs::rename(root() / "b/1.jpg", root() / "b/7.jpg"); }), 6);
  EXPECT_EQ(expect_listed_anew([&] { fs::rename(root() / "b", root() / "c"); }), 6);
  EXPECT_EQ(expect_listed_anew([&] { fs::remove(root() / "4.jpg"); }), 5);
  write_text(folder_.path() / "one/8.jpg", "x");
  write_text(folder_.path() / "two/9.jpg", "x");
  EXPECT_EQ(expect_listed_anew([&] { fs::create_directory_symlink(folder_.path() / "one", root() / "link"); }), 6);
  EXPECT_EQ(expect_listed_anew([&] { write_text(folder_.path() / "one/10.jpg", "x"); }), 7);
  EXPECT_EQ(expect_listed_anew([&] {  // what the link leads to is another folder
              fs::rename(folder_.path() / "one", folder_.path() / "old");
              fs::rename(folder_.path() / "two", folder_.path() / "one");
            }),
            6);
}

// What the page of data says it doesn't see.
TEST_F(FileListTest, AFileWrittenOverInPlaceHasItsOldSize) {
  open();
  age();
  write_text(root() / "4.jpg", "another content");
  EXPECT_EQ(open().bytes(0), std::string("4.jpg").size());
}

TEST_F(FileListTest, ADamagedCacheIsSaidToBeAndMadeAgain) {
  open();
  const fs::path file = cache_files().at(0);
  const std::string whole = read_file(file);
  for (size_t size = 0; size < whole.size(); size += 97) {
    put_file(file, whole.substr(0, size));
    EXPECT_THAT(log_of_opening(), HasSubstr(file.string() + (size < 64 ? ": is no list of files; made again"
                                                                       : ": is cut or damaged; made again")));
    EXPECT_EQ(read_file(file), whole);
  }
  for (size_t at = 0; at < whole.size(); at += 37) {
    std::string damaged = whole;
    damaged[at] ^= 2;
    put_file(file, damaged);
    EXPECT_THAT(log_of_opening(), HasSubstr("; made again"));
  }
  EXPECT_EQ(log_of_opening(), "");
}

TEST_F(FileListTest, AnotherFoldersCacheIsNotTaken) {
  open();
  const fs::path of_all = cache_files().at(0);
  const FileList part = open(root() / "a");
  EXPECT_THAT(names_of(part), ElementsAre("4.jpg", "b/1.jpg"));
  EXPECT_FALSE(part.is_cached());  // two images
  fs::rename(root(), folder_.path() / "moved");
  fs::create_directories(root());
  fs::copy(folder_.path() / "moved/a", root() / "a", fs::copy_options::recursive);
  fs::copy(folder_.path() / "moved/a", root() / "b", fs::copy_options::recursive);
  age();
  EXPECT_THAT(names_of(open()), ElementsAre("a/2.png", "a/deep/3.JPEG", "b/2.png", "b/deep/3.JPEG"));
}

TEST_F(FileListTest, WithoutAPlaceForTheCacheEachProcessHoldsItsOwn) {
  write_text(kept(), "a file where the folder should be");
  const std::string log = log_of_opening();
  EXPECT_THAT(log, HasSubstr(root().string() + ": the list of 4 images can't be kept"));
  EXPECT_EQ(std::ranges::count(log, '\n'), 1);
}

TEST_F(FileListTest, AFolderThatCantBeReadIsOneLine) {
  EXPECT_THROW(FileList::open(root() / "none", {}, cache()), DataError);
  try {
    FileList::open(root() / "empty", {}, cache());
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr((root() / "empty").string() + ": holds no images (got 0 files of other kinds)"));
  }
}

// What it leads to may be made later, which no folder's time tells.
TEST_F(FileListTest, ALinkToNothingIsNotKept) {
  fs::create_directory_symlink(folder_.path() / "later", root() / "link");
  age();
  EXPECT_EQ(open().size(), 4);
  EXPECT_FALSE(open().is_cached());
  write_text(folder_.path() / "later/11.jpg", "x");
  EXPECT_EQ(open().size(), 5);
}

TEST_F(FileListTest, ProcessesThatComeTogetherGetTheSame) {
  std::vector<std::thread> processes;  // an open file each, as processes have
  std::array<int64_t, 4> sizes{};
  for (int64_t& size : sizes) processes.emplace_back([&] { size = open().size(); });
  for (std::thread& process : processes) process.join();
  EXPECT_THAT(sizes, testing::Each(4));
  EXPECT_EQ(cache_files().size(), 1u);
}

TEST_F(FileListTest, WaitsForTheOneThatLists) {
  EXPECT_TRUE(open().is_cached());
  const fs::path lock = cache_files().at(0).string() + ".lock";
  ASSERT_TRUE(fs::exists(lock));
  fs::remove(cache_files().at(0));
  const int held = ::open(lock.c_str(), O_RDWR);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  std::atomic<bool> has_opened = false;
  std::string log;
  std::thread other([&] {
    testing::internal::CaptureStderr();
    EXPECT_EQ(open().size(), 4);
    has_opened = true;
    log = testing::internal::GetCapturedStderr();
  });
  std::this_thread::sleep_for(1200ms);
  EXPECT_FALSE(has_opened);
  ::close(held);
  other.join();
  EXPECT_THAT(log, HasSubstr(root().string() + ": waits for another process, which lists it"));
}

// A name that ends in a line break is one of another kind.
TEST_F(FileListTest, AnyNameIsTaken) {
  write_text(root() / "notes.a\nb", "x");
  EXPECT_EQ(open().size(), 4);
}

TEST(FileListCache, LiesWhereTheUserSays) {
  const char* old = std::getenv("GLID_CACHE");
  const std::string before = old ? old : "";
  ::setenv("GLID_CACHE", "/somewhere", 1);
  EXPECT_EQ(FileListCache::of_user().folder, "/somewhere/lists");
  if (old) ::setenv("GLID_CACHE", before.c_str(), 1);
  else ::unsetenv("GLID_CACHE");
}

TEST_F(FileListTest, AWalkTellsItsFolders) {
  const FolderWalk walk = walk_folder(root());
  EXPECT_EQ(walk.files, files_below(root()));
  std::vector<std::string> folders;
  for (const auto& [path, stamp] : walk.folders) {
    folders.push_back(path);
    EXPECT_EQ(stamp, stamp_of(root() / path)) << path;
  }
  EXPECT_THAT(folders, testing::UnorderedElementsAre("", "a", "a/deep", "b", "empty"));
  EXPECT_EQ(stamp_of(root() / "4.jpg"), std::nullopt);
}

}  // namespace
}  // namespace glid
