#include "glid/viz/class_colors.h"

#include <algorithm>
#include <map>

#include <opencv2/imgproc.hpp>

#include "glid/viz/label.h"
#include "opencv.h"

namespace glid {
namespace {

constexpr int kSquare = 12, kGap = 6, kColumnGap = 16, kMargin = 6;  // px
constexpr int kLongestName = 220;                                    // px

}  // namespace

// The colours that are easiest to tell apart are for the classes that lie over others: objects first. Where there aren't
// enough, they are for the first classes of the pixels, as ADE20K, which has the most, begins with the most frequent ones.
ClassColors::ClassColors(const Vocabulary& vocabulary) {
  std::map<std::string, Rgb> known;
  const auto colors = [&](const std::vector<Vocabulary::Class>& classes) {
    std::vector<Rgb> list;
    for (const Vocabulary::Class& c : classes)
      list.push_back(known.emplace(class_label(c.name, c.id), class_color(std::ssize(known))).first->second);
    return list;
  };
  if (std::ssize(vocabulary.labels) > kNumDistinctColors) colors(vocabulary.labels);
  objects = colors(vocabulary.objects);
  labels = colors(vocabulary.labels);
  segments = colors(vocabulary.segments);
}

Image color_legend(const std::vector<NamedColor>& entries, int64_t width) {
  int widest = 1;
  for (const NamedColor& entry : entries) widest = std::max(widest, text_size(entry.name, kTextScale).width);
  const int column = kSquare + kGap + std::min(widest, kLongestName) + kColumnGap;
  const int num_columns = std::max(1, (static_cast<int>(width) - 2 * kMargin) / column);
  const int num_rows = (static_cast<int>(entries.size()) + num_columns - 1) / num_columns;
  Image image = Image::filled(num_rows * kTextLine + 2 * kMargin, width, 255);
  cv::Mat view = view_of(image);
  for (int i = 0; i < static_cast<int>(entries.size()); ++i) {
    const auto& [name, color] = entries[static_cast<size_t>(i)];
    const cv::Point corner(kMargin + i % num_columns * column, kMargin + i / num_columns * kTextLine);
    const cv::Rect square(corner.x, corner.y + 2, kSquare, kSquare);
    cv::rectangle(view, square, {double(color[0]), double(color[1]), double(color[2])}, cv::FILLED);
    cv::rectangle(view, square, kGrey);
    draw_text(image, fitted(name, kTextScale, kLongestName), {corner.x + kSquare + kGap, corner.y + kSquare + 1},
              kTextScale);
  }
  return image;
}

}  // namespace glid
