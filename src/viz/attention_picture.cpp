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
#include "opencv.h"

namespace glid {
namespace {

constexpr double kFaintest = 0.3, kStrongest = 0.75;  // opacities of no weight and of the largest
constexpr int64_t kSmallestSidePx = 256;
constexpr int kGapPx = 4;
constexpr int64_t kLinePx = kTextLine + 2 * kGapPx;
constexpr Rgb kAsked{255, 0, 0};

Image upper_left(const Image& image, int64_t height, int64_t width) {
  Image part = Image::filled(height, width, 0);
  for (int64_t y = 0; y < height; ++y) std::copy_n(image.row(y), 3 * width, part.row(y));
  return part;
}

double largest_of(const AttentionMap& map) { return map.weights.empty() ? 0 : *std::ranges::max_element(map.weights); }

// The weights in parts of the largest, as grey values.
Image shares_of(const AttentionMap& map) {
  const double largest = largest_of(map);
  Image shares = Image::filled(map.height, map.width, 0);
  for (size_t i = 0; i < map.weights.size() && largest > 0; ++i)
    std::fill_n(&shares.pixels[3 * i], 3, static_cast<uint8_t>(std::lround(map.weights[i] / largest * 255)));
  return shares;
}

double grey_of(const uint8_t* pixel) { return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]; }

Image under_weights(const Image& picture, const AttentionMap& map) {
  const int64_t height = map.height * map.stride_px, width = map.width * map.stride_px;
  if (height < picture.height || width < picture.width)
    throw std::invalid_argument("attention_picture: a map doesn't cover the picture");
  const Image shares = upper_left(resize(shares_of(map), height, width, Filter::kBilinear), picture.height, picture.width);
  std::vector<double> weights;
  for (size_t i = 0; i < shares.pixels.size(); i += 3) weights.push_back(shares.pixels[i] / 255.0);
  Image mixed = heat_map(weights, picture.height, picture.width, 0, 1);
  for (size_t i = 0; i < weights.size(); ++i) {
    const double opacity = kFaintest + (kStrongest - kFaintest) * weights[i], grey = grey_of(&picture.pixels[3 * i]);
    for (uint8_t* value = &mixed.pixels[3 * i]; value != &mixed.pixels[3 * i] + 3; ++value)
      *value = static_cast<uint8_t>(std::lround((1 - opacity) * grey + opacity * *value));
  }
  return mixed;
}

// Large enough to be seen, with the frame.
Image framed(const Image& image, const std::optional<Box>& box) {
  const int64_t side = std::max<int64_t>(1, std::max(image.height, image.width));
  const auto factor = static_cast<double>((kSmallestSidePx + side - 1) / side);
  Image large = scaled(image, factor);
  if (box) draw_box(large, {box->x0 * factor, box->y0 * factor, box->x1 * factor, box->y1 * factor}, kAsked, "");
  return large;
}

Image line_of(const std::string& text, int64_t width) {
  Image line = Image::filled(kLinePx, width, 255);
  draw_text(line, fitted(text, kTitleScale, static_cast<int>(width) - 2 * kGapPx), {kGapPx, kTextLine}, kTitleScale);
  return line;
}

// What the colours mean, of all maps, as far as there is room.
Image color_line(int64_t width) {
  constexpr int kLeft = 20, kBarWidth = 120, kBarHeight = 12;
  const int bar_width = std::min(kBarWidth, static_cast<int>(width) - kLeft - kGapPx);
  Image line = Image::filled(kLinePx, width, 255);
  draw_text(line, "0", {kGapPx, kTextLine}, kTextScale);
  if (bar_width < 2) return line;
  std::vector<double> shares;
  for (int i = 0; i < kBarHeight * bar_width; ++i) shares.push_back(i % bar_width / double(bar_width - 1));
  Image bar = heat_map(shares, kBarHeight, bar_width, 0, 1);
  view_of(bar).copyTo(view_of(line)(cv::Rect(kLeft, kTextLine - kBarHeight, bar_width, kBarHeight)));
  draw_text(line, "largest weight of the scale", {kLeft + bar_width + kGapPx, kTextLine}, kTextScale);
  return line;
}

}  // namespace

Image attention_picture(const Image& picture, const std::string& title, const std::optional<Box>& asked_about,
                        const std::vector<AttentionMap>& maps) {
  std::vector<Image> row{framed(picture, asked_about)};
  std::vector<std::string> titles{"image"};
  for (const AttentionMap& map : maps) {
    row.push_back(framed(under_weights(picture, map), asked_about));
    titles.push_back(format("stride {} px, up to {:.2g}", map.stride_px, largest_of(map)));
  }
  const Image pictures = grid({row}, titles, kGapPx), titled = above(line_of(title, pictures.width), pictures);
  return maps.empty() ? titled : above(titled, color_line(pictures.width));
}

}  // namespace glid
