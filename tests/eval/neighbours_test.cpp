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
      const std::filesystem::path file = folder_.path() / (std::string(name) + ".png");
      images_.push_back({name, file, file.filename().string()});
      write_png(file, image);
    }
  }
  static bool shows(const Image& sheet, const Color& color) {
    for (size_t i = 0; i + 2 < sheet.pixels.size(); i += 3)
      if (std::equal(color.begin(), color.end(), sheet.pixels.begin() + static_cast<int64_t>(i))) return true;
    return false;
  }

  static constexpr Color kRed{200, 10, 20}, kOrange{220, 120, 10}, kBlue{10, 20, 200};
  TemporaryFolder folder_;
  std::vector<NamedImage> images_;
};

TEST_F(Neighbours, AreThoseOfTheNearestDirectionAndNeverTheImageItself) {
  // Blue is nearer to red by distance, orange by direction.
  const at::Tensor features = at::tensor({1.F, 0.F, 50.F, 5.F, 1.F, 1.F}).view({3, 2});
  const Image sheet = neighbour_sheet({images_, features}, 1, 1);
  EXPECT_TRUE(shows(sheet, kRed));
  EXPECT_TRUE(shows(sheet, kOrange));
  EXPECT_FALSE(shows(sheet, kBlue));
  EXPECT_TRUE(shows(neighbour_sheet({images_, features}, 1, 2), kBlue));
}

TEST_F(Neighbours, AreAsManyAsThereAre) {
  const at::Tensor features = at::eye(3);
  EXPECT_EQ(neighbour_sheet({images_, features}, 8, 5).width, neighbour_sheet({images_, features}, 3, 2).width);
  EXPECT_EQ(neighbour_sheet({images_, features}, 8, 5).height, neighbour_sheet({images_, features}, 3, 2).height);
  EXPECT_THROW(neighbour_sheet({{images_[0]}, at::eye(1)}, 1, 1), DataError);
}

// Files of several folders may be called alike: what tells them apart stands below.
TEST_F(Neighbours, HaveTheirNamesBelow) {
  const auto sheet = [&](const std::string& name) {
    std::vector<NamedImage> named = images_;
    named[1].name = name;
    return neighbour_sheet({named, at::eye(3)}, 3, 2);
  };
  EXPECT_EQ(sheet("a/1"), sheet("a/1"));
  EXPECT_NE(sheet("a/1"), sheet("b/1"));
}

}  // namespace
}  // namespace glid
