#include "glid/formats/shard_index.h"

#include <gmock/gmock.h>

#include <functional>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/formats/tar.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Members = std::vector<std::pair<std::string, std::string>>;

class ShardIndexTest : public testing::Test {
 protected:
  void write(const Members& members, const std::string& name = "0.tar") const {
    TarWriter tar(folder_.path() / name);
    for (const auto& [member, content] : members) tar.add(member, content);
    tar.finish();
  }
  SamplesLeftOut make(const Members& members) const {
    write(members);
    return write_shard_index(shard());
  }
  ShardIndex open() const { return {shard(), "HINT"}; }
  fs::path shard() const { return folder_.path() / "0.tar"; }
  std::string content(const ShardRecord& record) const { return read_file(shard()).substr(record.offset, record.size); }
  static std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }
  std::string error_of_opening() const {
    return error_of([&] { open(); });
  }

  TemporaryFolder folder_;
};

TEST_F(ShardIndexTest, ASampleIsTheMembersOfAKey) {
  const SamplesLeftOut left_out = make({{"c/1.cls", "7\n"},
                                        {"c/1.jpg", "one"},
                                        {"c/1.json", "{}"},
                                        {"c/2.JPEG", "two"},
                                        {"c/2.seg.png", "not the image"},
                                        {"c/._2.jpg", "hidden"},
                                        {".c/2.jpg", "hidden"},
                                        {"./c/.d/2.jpg", "hidden"},
                                        {"3.txt", "no image"},
                                        {"a.b/4.png", "four"}});
  const ShardIndex index = open();
  ASSERT_EQ(index.size(), 3);
  EXPECT_EQ(index.key(0), "c/1");
  EXPECT_EQ(index.key(1), "c/2");
  EXPECT_EQ(index.key(2), "a.b/4");
  EXPECT_EQ(content(index.record(0)), "one");
  EXPECT_EQ(content(index.record(1)), "two");
  EXPECT_EQ(content(index.record(2)), "four");
  EXPECT_EQ(index.record(0).label, 7);
  EXPECT_EQ(index.record(1).label, -1);
  EXPECT_EQ(left_out.samples, 1);
  EXPECT_EQ(left_out.example, "3");
}

TEST_F(ShardIndexTest, AShardThatCantBeUsedIsOneLine) {
  const auto error = [&](const Members& members) { return error_of([&] { make(members); }); };
  EXPECT_EQ(error({{"1.jpg", ""}, {"2.jpg", ""}, {"1.png", ""}}),
            shard().string() + ": has two samples of one key (got 1); members of a sample follow each other");
  EXPECT_EQ(error({{"1.jpg", ""}, {"1.png", ""}}), shard().string() + ": has a sample of two images (got 1.png)");
  EXPECT_EQ(error({{"1.jpg", ""}, {"1.cls", "cat"}}), shard().string() + ": 1.cls: is no number of a class (got cat)");
  EXPECT_THAT(error({{"1.jpg", ""}, {"1.cls", "-3"}}), HasSubstr("is no number of a class (got -3)"));
  EXPECT_FALSE(fs::exists(index_of_shard(shard())));
}

TEST_F(ShardIndexTest, AnIndexThatDoesntFitIsOneLineWithAHint) {
  write({{"1.jpg", "one"}});
  EXPECT_EQ(error_of_opening(), shard().string() + ": has no index; HINT");
  make({{"1.jpg", "one"}, {"2.jpg", "two"}});
  EXPECT_EQ(open().size(), 2);
  const std::string where = index_of_shard(shard()).string(), whole = read_file(index_of_shard(shard()));
  for (size_t size = 0; size < whole.size(); size += 7) {
    put_file(where, whole.substr(0, size));
    EXPECT_EQ(error_of_opening(), where + (size < 40 ? ": is no index of a shard; HINT" : ": is cut or damaged; HINT"))
        << size;
  }
  for (size_t at = 16; at < whole.size(); ++at) {
    if (at >= 32 && at < 36) continue;  // the sum of the shard's first header
    std::string damaged = whole;
    damaged[at] ^= 4;
    put_file(where, damaged);
    EXPECT_EQ(error_of_opening(), where + ": is cut or damaged; HINT") << at;
  }
  put_file(where, whole);
  EXPECT_EQ(open().size(), 2);
  write({{"1.jpg", "one"}, {"3.jpg", "two"}, {"4.jpg", "three"}});
  EXPECT_THAT(error_of_opening(), HasSubstr("is of another archive, or the archive was cut"));
  write({{"x.jpg", "one"}, {"2.jpg", "two"}});  // of the same size
  EXPECT_THAT(error_of_opening(), HasSubstr("is of another archive, or the archive was cut"));
}

}  // namespace
}  // namespace glid
