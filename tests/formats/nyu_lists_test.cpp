#include "glid/formats/nyu_lists.h"

#include <gtest/gtest.h>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

TEST(NyuList, LinesAsBtsAndAdaBinsWriteThem) {
  const NyuList list = parse_nyu_list(
      "/kitchen/rgb_00045.jpg /kitchen/sync_depth_00045.png 518.8579\n"
      "bath/rgb_1.jpg\tbath/sync_depth_1.png  518.8579\r\n"
      "\n"
      "2011/a.png None 721.5377\n"
      "den/rgb_2.jpg den/sync_depth_2.png 5e2",
      "list.txt");
  EXPECT_EQ(list.num_without_depth, 1);
  EXPECT_EQ(list.pairs, (std::vector<NyuPair>{{"kitchen/rgb_00045.jpg", "kitchen/sync_depth_00045.png", 518.8579},
                                              {"bath/rgb_1.jpg", "bath/sync_depth_1.png", 518.8579},
                                              {"den/rgb_2.jpg", "den/sync_depth_2.png", 500}}));
}

TEST(NyuList, MalformedLinesAreNamed) {
  const auto expect_error = [](const char* line, const char* part) {
    expect_data_error([&] { parse_nyu_list(std::string("a b 1\n") + line, "list.txt"); }, {"list.txt:2: ", part});
  };
  expect_error("a.jpg b.png", "must be an image, a depth map and a focal length (got a.jpg b.png)");
  expect_error("a.jpg b.png 518 x", "must be an image");
  expect_error("a.jpg b.png focal", "focal length that is no positive number (got focal)");
  expect_error("a.jpg b.png 518x", "(got 518x)");
  expect_error("a.jpg b.png -1", "(got -1)");
  expect_error("a.jpg b.png nan", "(got nan)");
  expect_error("a.jpg b.png inf", "(got inf)");
  expect_error("/ b.png 1", "empty file name");
}

TEST(NyuList, FilesWithoutPairs) {
  const TemporaryFolder folder;
  write_file(folder.path() / "list.txt", "\n \n");
  expect_data_error([&] { read_nyu_list(folder.path() / "list.txt"); }, {"list.txt: lists no image"});
  expect_data_error([&] { parse_nyu_list("a None 1\n", "list.txt"); }, {"list.txt: lists no image", "1 without"});
  expect_data_error([&] { read_nyu_list(folder.path() / "no.txt"); }, {"no.txt: does not exist"});
}

}  // namespace
}  // namespace glid
