#include "glid/formats/resize.h"

#include <gtest/gtest.h>

#include "glid/core/files.h"
#include "glid/core/json.h"
#include "golden.h"

namespace glid {
namespace {

// The pattern of make_format_goldens.py.
Image pattern(int64_t height, int64_t width) {
  Image image = Image::filled(height, width, 0);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < 3; ++c)
        image.row(y)[x * 3 + c] = static_cast<uint8_t>((y * 37 + x * 59 + c * 101 + x * y * (c + 3)) % 256);
  return image;
}

TEST(Resize, EqualsPillow) {
  const Json cases = Json::parse(read_file(kGoldenFormats / "resize.json"), "resize.json");
  EXPECT_EQ(cases.as_array().size(), 18u);
  for (const Json& test : cases.as_array()) {
    const auto &size = test.at("size").as_array(), &out = test.at("out").as_array(), &box = test.at("box").as_array();
    const auto filter = test.at("filter").as_string() == "bicubic" ? Filter::kBicubic : Filter::kBilinear;
    std::vector<uint8_t> expected;
    for (const Json& value : test.at("pixels").as_array()) expected.push_back(static_cast<uint8_t>(value.as_int()));
    SCOPED_TRACE(size[0].dump() + "x" + size[1].dump() + " " + test.at("box").dump() + test.at("filter").dump());
    const Image result = resize(pattern(size[0].as_int(), size[1].as_int()), out[0].as_int(), out[1].as_int(), filter,
                                {box[0].as_double(), box[1].as_double(), box[2].as_double(), box[3].as_double()});
    EXPECT_EQ(result.pixels, expected);
  }
}

TEST(Resize, SameSizeIsACopy) {
  const Image image = pattern(11, 7);
  EXPECT_EQ(resize(image, 11, 7, Filter::kBicubic), image);
}

TEST(Resize, KeepsConstantsAtAnySize) {
  for (const uint8_t value : {0, 1, 128, 254, 255})
    for (const int64_t size : {1, 2, 16, 17, 33, 100}) {
      const Image result = resize(Image::filled(37, 23, value), size, size + 1, Filter::kBicubic);
      EXPECT_EQ(result, Image::filled(size, size + 1, value));
    }
}

TEST(Resize, FiltersSeeBeyondTheBox) {
  Image image = Image::filled(8, 8, 0);
  const Box box{2, 2, 6, 6};
  const Image inside = resize(image, 8, 8, Filter::kBilinear, box);
  for (int64_t x = 0; x < 8; ++x) image.row(1)[x * 3] = 255;  // a row outside the box, next to its edge
  EXPECT_NE(resize(image, 8, 8, Filter::kBilinear, box), inside);
}

TEST(Resize, RefusesWhatIsNoBox) {
  const Image image = pattern(6, 5);
  EXPECT_THROW(resize(image, 0, 3, Filter::kBilinear), std::invalid_argument);
  EXPECT_THROW(resize(image, 3, -1, Filter::kBilinear), std::invalid_argument);
  for (const Box& box : {Box{0, 0, 6, 6}, Box{-1, 0, 5, 6}, Box{2, 0, 2, 6}, Box{0, 4, 5, 3}, Box{0, 0, 5, 6.5}})
    EXPECT_THROW(resize(image, 3, 3, Filter::kBilinear, box), std::invalid_argument);
}

}  // namespace
}  // namespace glid
