#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "../../src/formats/coco_cache.h"
#include "formats/coco_files.h"
#include "formats/golden.h"
#include "glid/core/crc32c.h"
#include "glid/core/files.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

// A ground truth in a folder of its own, and a user's cache folder beside it.
class CocoCache : public testing::Test {
 protected:
  CocoCache() : file_(folder_.path() / "data" / "truth.json"), cache_(file_.string() + ".glid-index") {
    fs::create_directory(file_.parent_path());
    write_file(file_, kSmallTruth);
    ::setenv("XDG_CACHE_HOME", (folder_.path() / "cache").c_str(), 1);
  }
  ~CocoCache() override { ::unsetenv("XDG_CACHE_HOME"); }

  static void expect_small(const CocoIndex& index) {
    ASSERT_EQ(index.annotations().size(), 5u);
    EXPECT_EQ(index.text(index.categories()[1].name), "猫");
    EXPECT_EQ(rle_area(index.segmentation(index.annotations()[0])), 5u);
    EXPECT_EQ(index.keypoints(index.annotations()[2]).size(), 6u);
    EXPECT_EQ(index.notes(), CocoIndex::parse(kSmallTruth, "").notes());
  }

  void move_time(const fs::path& file, seconds by) { fs::last_write_time(file, fs::last_write_time(file) + by); }

  // Changes the kept index behind a checksum that agrees with the change: what it now says is 26 for the first annotation's
  // id.
  void mark_cache() {
    std::string bytes = read_file(cache_);
    CocoCacheHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const size_t begin = sizeof header + header.num_rows[0] * sizeof(CocoImage) + header.num_rows[1] * sizeof(CocoCategory);
    bytes[begin] = 26;
    write_cache(bytes);
  }

  void write_cache(std::string bytes) {
    CocoCacheHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    header.tables_crc = crc32c(bytes.data() + sizeof header, bytes.size() - sizeof header);
    header = sealed(header);
    std::memcpy(bytes.data(), &header, sizeof header);
    std::ofstream(cache_, std::ios::binary) << bytes;  // thousands of times, so without write_file()'s sync
  }

  int64_t first_id() { return CocoIndex::open(file_).annotations()[0].id; }

  TemporaryFolder folder_;
  fs::path file_, cache_;
};

TEST_F(CocoCache, IsMadeAndUsedAgain) {
  expect_small(CocoIndex::open(file_));
  ASSERT_TRUE(fs::exists(cache_));
  expect_small(CocoIndex::open(file_));
  mark_cache();
  EXPECT_EQ(first_id(), 26);
  EXPECT_EQ(std::distance(fs::directory_iterator(file_.parent_path()), {}), 2);
}

TEST_F(CocoCache, IsMadeAnewWhenTheFileChanges) {
  EXPECT_EQ(first_id(), 21);
  std::string json = kSmallTruth;
  json.replace(json.find("\"id\": 21"), 8, "\"id\": 31");
  write_file(file_, json);
  move_time(file_, seconds(5));
  EXPECT_EQ(first_id(), 31);
  write_file(file_, json + " ");
  mark_cache();
  EXPECT_EQ(first_id(), 31);
}

TEST_F(CocoCache, IsKeptWhenOnlyTheTimeChanges) {
  CocoIndex::open(file_);
  mark_cache();
  move_time(file_, seconds(5));
  EXPECT_EQ(first_id(), 26);
  // The new time is in the header now: nobody looks at the content any more.
  const auto time = fs::last_write_time(file_);
  std::string json = kSmallTruth;
  json.replace(json.find("\"id\": 21"), 8, "\"id\": 31");
  write_file(file_, json);
  fs::last_write_time(file_, time);
  EXPECT_EQ(first_id(), 26);
}

TEST_F(CocoCache, IsMadeAnewWhenDamaged) {
  CocoIndex::open(file_);
  const std::string good = read_file(cache_);
  const auto check = [&](const std::string& bytes) {
    write_file(cache_, bytes);
    expect_small(CocoIndex::open(file_));
    EXPECT_EQ(read_file(cache_), good);
  };
  check("");
  check(good.substr(0, sizeof(CocoCacheHeader)));
  check(good.substr(0, good.size() - 8));
  for (const size_t place : {size_t{3}, size_t{20}, sizeof(CocoCacheHeader) + 1, good.size() - 1}) {
    std::string bytes = good;
    bytes[place] = static_cast<char>(bytes[place] ^ 4);
    check(bytes);
  }
}

// Bytes that are wrong behind checksums that are right must not lead a reader out of the tables.
TEST_F(CocoCache, WrongTablesNeverCrash) {
  CocoIndex::open(file_);
  const std::string good = read_file(cache_);
  survive_mutations(good.substr(sizeof(CocoCacheHeader)), 300, [&](const std::string& tables) {
    write_cache(good.substr(0, sizeof(CocoCacheHeader)) + tables);
    const CocoIndex index = CocoIndex::open(file_);
    for (size_t image = 0; image < index.images().size(); ++image) {
      for (const uint32_t a : index.annotations_of(image)) index.keypoints(index.annotations()[a]);
      index.image_id(image);
    }
    for (const CocoCategory& category : index.categories()) index.joint_names(category);
    for (const CocoAnnotation& annotation : index.annotations())
      if (const CocoImage& image = index.images()[annotation.image]; image.height < 100 && image.width < 100)
        index.segmentation(annotation);
  });
}

TEST_F(CocoCache, WrongCountsInTheHeaderNeverCrash) {
  CocoIndex::open(file_);
  const std::string good = read_file(cache_);
  for (size_t table = 0; table < kNumCocoTables; ++table) {
    for (const uint64_t wrong : {uint64_t{1} << 60, ~uint64_t{0}, uint64_t{999}}) {
      std::string bytes = good;
      CocoCacheHeader header;
      std::memcpy(&header, bytes.data(), sizeof header);
      header.num_rows[table] = wrong;
      std::memcpy(bytes.data(), &header, sizeof header);
      write_cache(bytes);
      expect_small(CocoIndex::open(file_));
    }
  }
}

// Without the rights of root, who may write anywhere.
class AsNobody {
 public:
  AsNobody() : is_root_(::geteuid() == 0 && ::seteuid(65534) == 0) {}
  ~AsNobody() {
    if (is_root_ && ::seteuid(0) != 0) std::abort();
  }

 private:
  bool is_root_;
};

TEST_F(CocoCache, LiesInTheUsersFolderWhereTheDataAreReadOnly) {
  const fs::path user_cache = folder_.path() / "cache";
  fs::create_directory(user_cache);
  fs::permissions(user_cache, fs::perms::all);
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(file_.parent_path(), fs::perms(0555));
  {
    const AsNobody nobody;
    expect_small(CocoIndex::open(file_));
    expect_small(CocoIndex::open(file_));
    EXPECT_FALSE(fs::exists(cache_));
    ASSERT_EQ(coco_cache_places(file_).size(), 2u);
    EXPECT_TRUE(fs::exists(coco_cache_places(file_)[1]));
    EXPECT_EQ(coco_cache_places(file_)[1].parent_path(), user_cache / "glid" / "index");
    fs::remove_all(user_cache / "glid");
  }
  fs::permissions(user_cache, fs::perms(0555));
  {
    const AsNobody nobody;
    expect_small(CocoIndex::open(file_));  // kept nowhere
  }
  fs::permissions(file_.parent_path(), fs::perms::all);
  fs::permissions(user_cache, fs::perms::all);
}

}  // namespace
}  // namespace glid
