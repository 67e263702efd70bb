#include "glid/viz/image_grid.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "glid/viz/drawing_scale.h"
#include "opencv.h"

namespace glid {
namespace {

constexpr uint8_t kPaper = 255;
constexpr double kColumnScale = 0.5;
constexpr int kTitleGap = 6;  // px between a title and what is above and below
constexpr double kCaptionScale = 0.42;
constexpr double kCaption = 18, kBelowCaption = 5;  // px below an image, and below the feet of letters

struct Layout {
  int64_t num_columns = 0;
  int64_t cell_height = 0, cell_width = 0;
  int64_t padding = 0, title_height = 0;

  int64_t top(int64_t row) const { return title_height + padding + row * (cell_height + padding); }
  int64_t left(int64_t column) const { return padding + column * (cell_width + padding); }
};

Layout layout_of(const std::vector<std::vector<Image>>& rows, bool has_titles, int padding) {
  Layout layout;
  layout.padding = padding;
  for (const auto& row : rows) {
    layout.num_columns = std::max(layout.num_columns, static_cast<int64_t>(row.size()));
    for (const Image& image : row) {
      layout.cell_height = std::max(layout.cell_height, image.height);
      layout.cell_width = std::max(layout.cell_width, image.width);
    }
  }
  if (has_titles) layout.title_height = text_size("X", kColumnScale).height + 2 * kTitleGap;
  return layout;
}

void paste(const Image& image, int64_t top, int64_t left, Image& canvas) {
  for (int64_t y = 0; y < image.height; ++y) std::copy_n(image.row(y), image.width * 3, canvas.row(top + y) + left * 3);
}

void draw_title(const std::string& title, const Layout& layout, int64_t column, Image& canvas) {
  const int64_t room = layout.cell_width;
  const int natural = std::max(text_size(title, kColumnScale).width, 1);
  const double scale = kColumnScale * std::min(1.0, static_cast<double>(room) / natural);
  const int64_t left = layout.left(column) + (room - text_size(title, scale).width) / 2;
  draw_text(canvas, title, {static_cast<int>(left), static_cast<int>(layout.title_height - kTitleGap)}, scale);
}

}  // namespace

Image grid(const std::vector<std::vector<Image>>& rows, const std::vector<std::string>& column_titles, int padding) {
  const Layout layout = layout_of(rows, !column_titles.empty(), padding);
  const auto num_rows = static_cast<int64_t>(rows.size());
  Image canvas = Image::filled(layout.top(num_rows), layout.left(layout.num_columns), kPaper);
  for (int64_t r = 0; r < num_rows; ++r) {
    for (int64_t c = 0; c < static_cast<int64_t>(rows[r].size()); ++c) {
      const Image& image = rows[r][c];
      paste(image, layout.top(r) + (layout.cell_height - image.height) / 2,
            layout.left(c) + (layout.cell_width - image.width) / 2, canvas);
    }
  }
  const int64_t num_titles = std::min(layout.num_columns, static_cast<int64_t>(column_titles.size()));
  for (int64_t c = 0; c < num_titles; ++c) draw_title(column_titles[c], layout, c, canvas);
  return canvas;
}

Image centred(const Image& image, int64_t height, int64_t width) {
  Image canvas = Image::filled(std::max(height, image.height), std::max(width, image.width), kPaper);
  paste(image, (canvas.height - image.height) / 2, (canvas.width - image.width) / 2, canvas);
  return canvas;
}

Image captioned(const Image& image, const std::string& caption) {
  const double scale = drawing_scale(image);
  Image canvas = Image::filled(image.height + std::lround(kCaption * scale), image.width, kPaper);
  paste(image, 0, 0, canvas);
  draw_text(canvas, fitted_end(caption, kCaptionScale * scale, static_cast<int>(image.width)),
            {0, static_cast<int>(canvas.height - std::lround(kBelowCaption * scale))}, kCaptionScale * scale);
  return canvas;
}

Image above(const Image& upper, const Image& lower) {
  Image canvas = Image::filled(upper.height + lower.height, std::max(upper.width, lower.width), kPaper);
  paste(upper, 0, 0, canvas);
  paste(lower, upper.height, 0, canvas);
  return canvas;
}

}  // namespace glid
