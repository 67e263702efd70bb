#include "glid/formats/pairs.h"

#include <gtest/gtest.h>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

class PairsOfFiles : public testing::Test {
 protected:
  void add(const fs::path& file) {
    fs::create_directories((root() / file).parent_path());
    write_file(root() / file, "");
  }
  PairList list() const { return list_pairs(root() / "images", root() / "labels"); }
  const fs::path& root() const { return folder_.path(); }

  TemporaryFolder folder_;
};

TEST_F(PairsOfFiles, MatchesByStemAndNamesTheRest) {
  for (const char* file : {"images/b.jpg", "images/a.PNG", "images/town/a.jpeg", "images/alone.jpg", "images/.hidden.jpg",
                           "images/notes.txt", "labels/a.png", "labels/b.png", "labels/town/a.png", "labels/other.png",
                           "labels/alone.txt", "labels/.cache/alone.png"})
    add(file);
  const PairList pairs = list();
  ASSERT_EQ(pairs.pairs.size(), 3u);
  EXPECT_EQ(pairs.pairs[0].stem, "a");
  EXPECT_EQ(pairs.pairs[0].image, root() / "images/a.PNG");
  EXPECT_EQ(pairs.pairs[0].label, root() / "labels/a.png");
  EXPECT_EQ(pairs.pairs[1].stem, "b");
  EXPECT_EQ(pairs.pairs[2].stem, "town/a");
  EXPECT_EQ(pairs.images_without_label, std::vector<fs::path>{root() / "images/alone.jpg"});
  EXPECT_EQ(pairs.labels_without_image, std::vector<fs::path>{root() / "labels/other.png"});
}

TEST_F(PairsOfFiles, DotsInNamesBelongToTheStem) {
  add("images/a.1.jpg");
  add("labels/a.1.png");
  EXPECT_EQ(list().pairs.at(0).stem, "a.1");
}

TEST_F(PairsOfFiles, Errors) {
  expect_data_error([&] { list(); }, {"labels: can't be read"});
  add("images/a.jpg");
  add("labels/b.png");
  expect_data_error([&] { list(); }, {"images: no image has the name of a PNG in", "1 image, 1 label"});
  add("images/a.png");
  expect_data_error([&] { list(); }, {"has the name of another file", "a.jpg", "a.png"});
}

}  // namespace
}  // namespace glid
