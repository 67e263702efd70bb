#include "glid/viz/matrix_chart.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <opencv2/imgproc.hpp>

#include "glid/core/format.h"
#include "glid/viz/heat_map.h"
#include "glid/viz/label.h"
#include "opencv.h"

namespace glid {
namespace {

constexpr int kSide = 560;                      // px of all cells, about, where the names leave the choice
constexpr int kMostSide = 2300;                 // px of all cells
constexpr int kLeastName = 11, kMostCell = 96;  // px: a name's line where cells are small; a cell
constexpr int kNumberCell = 34;                 // px: cells from here on hold their number
constexpr int kLongestName = 170;               // px
constexpr double kSmallScale = 0.36;            // of names where cells are small
constexpr int kGap = 10, kLabel = 24, kTitle = 34;

struct Layout {
  int cell = 0, step = 1;  // px a cell; every step-th name is written
  double scale = kTextScale;
  int row_names = 0, column_names = 0;  // px
  int left = 0, top = kTitle, width = 0, height = 0;
};

std::string name_of(const std::vector<std::string>& names, size_t i, double scale) {
  return fitted(class_label(names[i], static_cast<int64_t>(i)), scale, kLongestName);
}

int widest(const std::vector<std::string>& names, double scale) {
  int width = 0;
  for (size_t i = 0; i < names.size(); ++i) width = std::max(width, text_size(name_of(names, i, scale), scale).width);
  return width;
}

Layout layout_of(const MatrixChart& chart) {
  const auto most = static_cast<int>(std::max(chart.rows.size(), chart.columns.size()));
  Layout layout;
  layout.cell = std::clamp(kSide / most, std::clamp(kMostSide / most, 1, kLeastName), kMostCell);
  layout.scale = layout.cell < kTextLine ? kSmallScale : kTextScale;
  layout.step = (kLeastName + layout.cell - 1) / layout.cell;
  layout.row_names = widest(chart.rows, layout.scale);
  layout.column_names = widest(chart.columns, layout.scale);
  layout.left = kLabel + layout.row_names + kGap;
  layout.width = layout.cell * static_cast<int>(chart.columns.size());
  layout.height = layout.cell * static_cast<int>(chart.rows.size());
  return layout;
}

// Black or white, whichever the colour leaves readable.
cv::Scalar ink_on(double share) { return share > 0.55 ? kBlack : kWhite; }

void draw_numbers(const MatrixChart& chart, const Layout& layout, Image& image) {
  if (layout.cell < kNumberCell) return;
  for (size_t i = 0; i < chart.values.size(); ++i) {
    const double value = chart.values[i];
    if (!std::isfinite(value) || value < 0.005) continue;  // would be 0.00
    const std::string text = format("{:.2f}", value);
    const cv::Size size = text_size(text, kTextScale * 0.9);
    const int row = static_cast<int>(i / chart.columns.size()), column = static_cast<int>(i % chart.columns.size());
    const cv::Point middle(layout.left + column * layout.cell + layout.cell / 2,
                           layout.top + row * layout.cell + layout.cell / 2);
    draw_text(image, text, {middle.x - size.width / 2, middle.y + size.height / 2}, kTextScale * 0.9, ink_on(value));
  }
}

void draw_names(const MatrixChart& chart, const Layout& layout, Image& image) {
  const int below = layout.top + layout.height + kGap;
  for (size_t i = 0; i < chart.rows.size(); i += static_cast<size_t>(layout.step)) {
    const std::string name = name_of(chart.rows, i, layout.scale);
    const cv::Size size = text_size(name, layout.scale);
    const int middle = layout.top + static_cast<int>(i) * layout.cell + layout.cell / 2;
    draw_text(image, name, {layout.left - kGap / 2 - size.width, middle + size.height / 2}, layout.scale);
  }
  for (size_t i = 0; i < chart.columns.size(); i += static_cast<size_t>(layout.step)) {
    const std::string name = name_of(chart.columns, i, layout.scale);
    const cv::Size size = text_size(name, layout.scale);
    const int middle = layout.left + static_cast<int>(i) * layout.cell + layout.cell / 2;
    draw_upright_text(image, name, {middle + size.height / 2, below - kGap / 2 + size.width / 2}, layout.scale);
  }
  const int column_label = text_size(chart.column_label, kTextScale).width;
  draw_text(image, chart.column_label,
            {layout.left + std::max((layout.width - column_label) / 2, 0), below + layout.column_names + kGap}, kTextScale,
            kGrey);
  draw_upright_text(image, chart.row_label, {kLabel - 6, layout.top + layout.height / 2}, kTextScale, kGrey);
}

}  // namespace

Image draw_matrix(const MatrixChart& chart) {
  const auto rows = std::ssize(chart.rows), columns = std::ssize(chart.columns);
  if (rows == 0 || columns == 0 || std::ssize(chart.values) != rows * columns)
    throw std::invalid_argument("draw_matrix: values don't fill the matrix");
  const Layout layout = layout_of(chart);
  Image small = heat_map(chart.values, rows, columns, 0, 1);
  Image cells = Image::filled(layout.height, layout.width, 255);
  cv::resize(view_of(small), view_of(cells), {layout.width, layout.height}, 0, 0, cv::INTER_NEAREST);
  Image scaled = with_color_bar(cells, {0, 1, ""});
  const int64_t needed = layout.left + scaled.width + kLabel + kGap;
  const int64_t titled = std::max<int64_t>(needed, text_size(chart.title, kTitleScale).width + 2 * kGap);
  Image image = Image::filled(layout.top + layout.height + kGap + layout.column_names + kLabel, titled, 255);
  cv::Mat place = view_of(image)(cv::Rect(layout.left, layout.top, static_cast<int>(scaled.width), layout.height));
  view_of(scaled).copyTo(place);
  draw_text(image, chart.title, {kGap, kTitle - 12}, kTitleScale);
  draw_upright_text(image, chart.value_label, {static_cast<int>(needed) - kGap, layout.top + layout.height / 2}, kTextScale,
                    kGrey);
  draw_numbers(chart, layout, image);
  draw_names(chart, layout, image);
  return image;
}

}  // namespace glid
