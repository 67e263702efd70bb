#include "glid/viz/draw.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <stdexcept>

#include <opencv2/imgproc.hpp>

#include "glid/viz/drawing_scale.h"
#include "opencv.h"

namespace glid {
namespace {

constexpr double kNameScale = 0.42;
constexpr double kTextGap = 2;  // px around a name
constexpr double kJointRadius = 3;
constexpr double kMaxCoordinate = 1 << 14;  // far outside of any picture, within OpenCV's range

constexpr std::array<Rgb, kNumDistinctColors> kClassColors = {{
    {230, 159, 0},   {86, 180, 233},  {0, 158, 115},   {240, 228, 66},  {0, 114, 178},   {213, 94, 0},
    {204, 121, 167}, {0, 0, 255},     {153, 255, 170}, {136, 0, 17},    {51, 34, 170},   {85, 51, 85},
    {221, 238, 238}, {102, 119, 255}, {85, 187, 102},  {204, 238, 119}, {102, 68, 68},   {255, 153, 170},
    {34, 51, 136},   {0, 85, 255},    {204, 68, 51},   {170, 221, 255}, {119, 153, 255}, {68, 119, 119},
}};
// On the way to white, or to black below 0.
constexpr std::array<double, 7> kShades = {0, 0.4, -0.4, 0.2, -0.2, 0.6, -0.6};

cv::Scalar scalar(const Rgb& color) { return {double(color[0]), double(color[1]), double(color[2])}; }

cv::Point point(double x, double y) {
  const auto whole = [](double v) { return static_cast<int>(std::lround(std::clamp(v, -kMaxCoordinate, kMaxCoordinate))); };
  return {whole(x), whole(y)};
}

void blend(uint8_t* pixel, const Rgb& color, double opacity) {
  for (size_t c = 0; c < 3; ++c)
    pixel[c] = static_cast<uint8_t>(std::lround(pixel[c] + opacity * (color[c] - static_cast<double>(pixel[c]))));
}

// Black or white, whichever is read better.
cv::Scalar text_color(const Rgb& color) {
  return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 140 ? kBlack : cv::Scalar(255, 255, 255);
}

// Whole pixels of what has `px` on a usual picture.
int px_on(const Image& image, double px) { return static_cast<int>(std::lround(px * drawing_scale(image))); }

void draw_lines(Image& image, const NamedBox& named) {
  cv::Mat view = view_of(image);
  const Box& box = named.box;
  const cv::Point corner = point(box.x0, box.y0), opposite = point(box.x1 - 1, box.y1 - 1);
  const int line_px = px_on(image, 1);
  for (int i = 0; i < line_px; ++i) {  // OpenCV's own thick lines are thicker than asked
    const cv::Point by(i - line_px / 2, i - line_px / 2);
    cv::rectangle(view, corner + by, opposite - by, scalar(named.color));
  }
}

double name_scale(const Image& image) { return kNameScale * drawing_scale(image); }

// What the names take, one below the other.
cv::Size size_of(const Image& image, const std::vector<NamedBox::Name>& names) {
  const int gap = px_on(image, kTextGap);
  cv::Size size(0, 0);
  for (const NamedBox::Name& name : names) {
    const cv::Size own = text_size(name.text, name_scale(image));
    size = {std::max(size.width, own.width + 2 * gap + 1), size.height + own.height + 2 * gap + 1};
  }
  return size;
}

// Above the box, below it, within or a line farther away, at its left or its right.
cv::Rect place_of_names(const Image& image, const NamedBox& named, std::span<const cv::Rect> taken) {
  const cv::Size size = size_of(image, named.names);
  const cv::Point corner = point(named.box.x0, named.box.y0), opposite = point(named.box.x1, named.box.y1);
  const int within_x = std::max(0, static_cast<int>(image.width) - size.width);
  const int within_y = std::max(0, static_cast<int>(image.height) - size.height);
  cv::Rect best;
  int least = INT_MAX;  // px of others that it covers
  for (const int y : {corner.y - size.height, opposite.y, corner.y, opposite.y - size.height, corner.y - 2 * size.height,
                      opposite.y + size.height})
    for (const int x : {corner.x, opposite.x - size.width}) {
      const cv::Rect place({std::clamp(x, 0, within_x), std::clamp(y, 0, within_y)}, size);
      int covered = 0;
      for (const cv::Rect& other : taken) covered += (place & other).area();
      if (covered < least) best = place, least = covered;
    }
  return best;
}

void draw_names(Image& image, const std::vector<NamedBox::Name>& names, const cv::Rect& place) {
  cv::Mat view = view_of(image);
  const int gap = px_on(image, kTextGap);
  int top = place.y;
  for (const auto& [text, color] : names) {
    const int height = text_size(text, name_scale(image)).height + 2 * gap + 1;
    cv::rectangle(view, cv::Rect(place.x, top, place.width, height), scalar(color), cv::FILLED);
    top += height;
    draw_text(image, text, {place.x + gap, top - 1 - gap}, name_scale(image), text_color(color));
  }
}

bool is_drawn(const Keypoint& joint) {
  return joint.visibility != Visibility::kUnlabelled && std::isfinite(joint.x) && std::isfinite(joint.y);
}

}  // namespace

Rgb class_color(int64_t index) {
  const auto i = static_cast<size_t>(index);
  const double shade = kShades[i / kClassColors.size() % kShades.size()], end = shade < 0 ? 0 : 255;
  Rgb color = kClassColors[i % kClassColors.size()];
  for (uint8_t& c : color) c = static_cast<uint8_t>(std::lround(c + std::abs(shade) * (end - c)));
  return color;
}

void draw_boxes(Image& image, std::span<const NamedBox> boxes) {
  for (const NamedBox& box : boxes) draw_lines(image, box);
  std::vector<cv::Rect> places(boxes.size());
  for (size_t i = boxes.size(); i-- > 0;) places[i] = place_of_names(image, boxes[i], std::span(places).subspan(i + 1));
  for (size_t i = 0; i < boxes.size(); ++i) draw_names(image, boxes[i].names, places[i]);
}

void draw_box(Image& image, const Box& box, const Rgb& color, const std::string& name) {
  NamedBox named{box, color, {}};
  if (!name.empty()) named.names.push_back({name, color});
  draw_boxes(image, {&named, 1});
}

void draw_keypoints(Image& image, std::span<const Keypoint> joints, std::span<const Vocabulary::Limb> limbs,
                    const Rgb& color) {
  cv::Mat view = view_of(image);
  const int line_px = px_on(image, 1), radius_px = px_on(image, kJointRadius);
  for (const auto& [from, to] : limbs) {
    if (from < 0 || to < 0 || std::max(from, to) >= std::ssize(joints)) continue;
    const Keypoint &a = joints[static_cast<size_t>(from)], &b = joints[static_cast<size_t>(to)];
    if (is_drawn(a) && is_drawn(b)) cv::line(view, point(a.x, a.y), point(b.x, b.y), scalar(color), line_px, cv::LINE_AA);
  }
  for (const Keypoint& joint : joints)
    if (is_drawn(joint))
      cv::circle(view, point(joint.x, joint.y), radius_px, scalar(color),
                 joint.visibility == Visibility::kVisible ? cv::FILLED : line_px, cv::LINE_AA);
}

void tint_labels(Image& image, std::span<const uint16_t> labels, std::span<const Rgb> colors, double opacity) {
  if (std::ssize(labels) != image.height * image.width)
    throw std::invalid_argument("tint_labels: labels don't fill the image");
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] != kIgnoreLabel && labels[i] < colors.size())
      blend(image.pixels.data() + 3 * i, colors[labels[i]], opacity);
}

void outline(Image& image, std::span<const uint32_t> ids, const Rgb& color) {
  const int64_t height = image.height, width = image.width;
  if (std::ssize(ids) != height * width) throw std::invalid_argument("outline: ids don't fill the image");
  const int64_t line_px = px_on(image, 1);
  const auto id = [&](int64_t y, int64_t x) { return ids[static_cast<size_t>(y * width + x)]; };
  const auto is_beside_another = [&](int64_t y, int64_t x) {
    for (int64_t px = 1; px <= line_px; ++px)
      if ((x + px < width && id(y, x) != id(y, x + px)) || (y + px < height && id(y, x) != id(y + px, x))) return true;
    return false;
  };
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      if (is_beside_another(y, x)) std::ranges::copy(color, image.row(y) + 3 * x);
}

}  // namespace glid
