#include "glid/eval/neighbours.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "glid/core/error.h"
#include "glid/formats/image_file.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using Color = std::array<uint8_t, 3>;

class Neighbours : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [name, color] : {std::pair{"red", kRed}, std::pair{"orange", kOrange}, std::pair{"blue", kBlue}}) {
      Image image{20, 30, {}};
      for (int64_t i = 0; i < image.height * image.width; ++i)
        image.pixels.insert(image.pixels.end(), color.begin(), color.end());
      files_.push_back(folder_.path() / (std::string(name) + ".png"));
      write_png(files_.back(), image);
    }
  }
  static bool shows(const Image& sheet, const Color& color) {
    for (size_t i = 0; i + 2 < sheet.pixels.size(); i += 3)
      if (std::equal(color.begin(), color.end(), sheet.pixels.begin() + static_cast<int64_t>(i))) return true;
    return false;
  }

  static constexpr Color kRed{200, 10, 20}, kOrange{220, 120, 10}, kBlue{10, 20, 200};
  TemporaryFolder folder_;
  std::vector<std::filesystem::path> files_;
};

TEST_F(Neighbours, AreThoseOfTheNearestDirectionAndNeverTheImageItself) {
  // Blue is nearer to red by distance, orange by direction.
  const at::Tensor features = at::tensor({1.F, 0.F, 50.F, 5.F, 1.F, 1.F}).view({3, 2});
  const Image sheet = neighbour_sheet({files_, features}, 1, 1);
  EXPECT_TRUE(shows(sheet, kRed));
  EXPECT_TRUE(shows(sheet, kOrange));
  EXPECT_FALSE(shows(sheet, kBlue));
  EXPECT_TRUE(shows(neighbour_sheet({files_, features}, 1, 2), kBlue));
}

TEST_F(Neighbours, AreAsManyAsThereAre) {
  const at::Tensor features = at::eye(3);
  EXPECT_EQ(neighbour_sheet({files_, features}, 8, 5).width, neighbour_sheet({files_, features}, 3, 2).width);
  EXPECT_EQ(neighbour_sheet({files_, features}, 8, 5).height, neighbour_sheet({files_, features}, 3, 2).height);
  EXPECT_THROW(neighbour_sheet({{files_[0]}, at::eye(1)}, 1, 1), DataError);
}

}  // namespace
}  // namespace glid
