#include "glid/viz/attention_picture.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "glid/core/format.h"
#include "glid/formats/resize.h"
#include "glid/viz/draw.h"
#include "glid/viz/heat_map.h"
#include "glid/viz/image_grid.h"

namespace glid {
namespace {

constexpr double kOpacity = 0.6;
constexpr int64_t kSmallestSidePx = 192;
constexpr int kGapPx = 4;
constexpr Rgb kAsked{255, 0, 0};

Image upper_left(const Image& image, int64_t height, int64_t width) {
  Image part = Image::filled(height, width, 0);
  for (int64_t y = 0; y < height; ++y) std::copy_n(image.row(y), 3 * width, part.row(y));
  return part;
}

Image under_weights(const Image& picture, const AttentionMap& map) {
  const int64_t height = map.height * map.stride_px, width = map.width * map.stride_px;
  if (height < picture.height || width < picture.width)
    throw std::invalid_argument("attention_picture: a map doesn't cover the picture");
  const double largest = map.weights.empty() ? 0 : *std::ranges::max_element(map.weights);
  const Image cells = heat_map(map.weights, map.height, map.width, 0, largest > 0 ? largest : 1);
  const Image colors = upper_left(resize(cells, height, width, Filter::kBilinear), picture.height, picture.width);
  Image mixed = picture;
  for (size_t i = 0; i < mixed.pixels.size(); ++i)
    mixed.pixels[i] = static_cast<uint8_t>(std::lround((1 - kOpacity) * picture.pixels[i] + kOpacity * colors.pixels[i]));
  return mixed;
}

Image enlarged(const Image& image) {
  const int64_t side = std::max<int64_t>(1, std::max(image.height, image.width));
  return scaled(image, static_cast<double>((kSmallestSidePx + side - 1) / side));
}

}  // namespace

Image attention_picture(const Image& picture, const std::string& title, const std::optional<Box>& asked_about,
                        const std::vector<AttentionMap>& maps) {
  Image first = picture;
  if (asked_about) draw_box(first, *asked_about, kAsked, "");
  std::vector<Image> row{enlarged(first)};
  std::vector<std::string> titles{title};
  for (const AttentionMap& map : maps) {
    row.push_back(enlarged(under_weights(picture, map)));
    titles.push_back(format("{} px a cell", map.stride_px));
  }
  return grid({row}, titles, kGapPx);
}

}  // namespace glid
