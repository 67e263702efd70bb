// Decoding a part gives the pixels of decoding the whole.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include <jpeglib.h>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "glid/formats/image_part.h"
#include "glid/formats/jpeg.h"
#include "golden.h"
#include "support/noise_image.h"

namespace glid {
namespace {

struct Kind {
  int across = 2, down = 2;  // pixels of luminance for one of colour
  bool is_progressive = false;
  unsigned restart_rows = 0;
};
constexpr Kind kKinds[] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {2, 2, true}, {1, 1, true}, {2, 2, false, 1}};

std::string encoded(const Image& image, const Kind& kind) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  info.comp_info[0].h_samp_factor = kind.across;
  info.comp_info[0].v_samp_factor = kind.down;
  info.restart_in_rows = static_cast<int>(kind.restart_rows);
  if (kind.is_progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(image.row(info.next_scanline));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string out(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return out;
}

struct Part {
  int64_t top, left, height, width;
};

Part random_part(int64_t height, int64_t width, std::mt19937& random) {
  const auto below = [&](int64_t end) { return static_cast<int64_t>(random() % static_cast<uint64_t>(end)); };
  const int64_t h = 1 + below(height), w = 1 + below(width);
  return {below(height - h + 1), below(width - w + 1), h, w};
}

Image decoded(const std::string& bytes, const Part& part) {
  return decode_jpeg_part(bytes, "a.jpg", [&](int64_t, int64_t) {
    const auto x = static_cast<double>(part.left), y = static_cast<double>(part.top);
    return Box{x, y, x + static_cast<double>(part.width), y + static_cast<double>(part.height)};
  });
}

void expect_part(const Image& image, const Image& whole, const Part& part) {
  ASSERT_EQ(image.height, whole.height);
  ASSERT_EQ(image.width, whole.width);
  for (int64_t y = part.top; y < part.top + part.height; ++y)
    ASSERT_TRUE(
        std::equal(image.row(y) + 3 * part.left, image.row(y) + 3 * (part.left + part.width), whole.row(y) + 3 * part.left))
        << "row " << y << " of " << part.height << " x " << part.width << " at row " << part.top << ", column " << part.left
        << " of " << whole.height << " x " << whole.width;
}

TEST(JpegPart, HasThePixelsOfTheWhole) {
  std::mt19937 random(1);
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(testing::Message() << kind.across << " " << kind.down << " " << kind.is_progressive);
    for (int image = 0; image < 12; ++image) {
      const std::string bytes = encoded(noise_image(1 + random() % 150, 1 + random() % 150, image), kind);
      const Image whole = decode_jpeg(bytes, "");
      for (int i = 0; i < 20; ++i) {
        const Part part = random_part(whole.height, whole.width, random);
        expect_part(decoded(bytes, part), whole, part);
      }
    }
  }
}

TEST(JpegPart, OfEveryColourSpaceAndOrientation) {
  std::mt19937 random(2);
  for (const auto& file : golden_files(".jpg")) {
    SCOPED_TRACE(file.filename());
    const std::string bytes = read_file(file);
    const Image whole = decode_jpeg(bytes, "");
    for (int i = 0; i < 20; ++i) {
      const Part part = random_part(whole.height, whole.width, random);
      expect_part(decoded(bytes, part), whole, part);
    }
  }
}

TEST(JpegPart, TheRestIsNotDecoded) {
  const std::string bytes = encoded(noise_image(200, 200, 1), {});
  const Image image = decoded(bytes, {50, 60, 40, 30});
  const Image whole = decode_jpeg(bytes, "");
  EXPECT_EQ(image.row(199)[3 * 199], 0);
  EXPECT_NE(whole.row(199)[3 * 199], 0);
}

TEST(JpegPart, ACutAnywhereIsAnError) {
  for (const char* name : {"ycbcr.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "orientation6.jpg"}) {
    SCOPED_TRACE(name);
    expect_error_when_cut(read_file(kGoldenFormats / name), [](const std::string& bytes) { decoded(bytes, {0, 0, 1, 1}); });
  }
  const std::string bytes = encoded(noise_image(64, 64, 1), {});
  expect_data_error(
      [&] {
        decoded(bytes.substr(0, bytes.size() / 2), {0, 0, 8, 8});
      },
      {"a.jpg: is a damaged or truncated JPEG", "Premature end"});
}

TEST(JpegPart, ChangedBytesNeverCrash) {
  for (const auto& file : golden_files(".jpg"))
    survive_mutations(read_file(file), 40, [](const std::string& bytes) { decoded(bytes, {3, 4, 5, 6}); });
}

}  // namespace
}  // namespace glid
