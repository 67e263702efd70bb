#include "glid/viz/draw.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <opencv2/imgproc.hpp>

#include "opencv.h"

namespace glid {
namespace {

constexpr double kTextScale = 0.35;
constexpr int kTextGap = 2;  // px around a name
constexpr int kJointRadius = 3;
constexpr double kGoldenRatio = 0.61803398874989485;
constexpr double kMaxCoordinate = 1 << 14;  // far outside of any picture, within OpenCV's range

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

bool is_drawn(const Keypoint& joint) {
  return joint.visibility != Visibility::kUnlabelled && std::isfinite(joint.x) && std::isfinite(joint.y);
}

}  // namespace

Rgb class_color(int64_t index) {
  const double hue = 6 * std::fmod(0.03 + static_cast<double>(index) * kGoldenRatio, 1.0);
  const double low = index % 2 == 0 ? 30 : 80, high = index % 3 == 0 ? 255 : 220;
  Rgb color{};
  for (size_t c = 0; c < 3; ++c) {
    const double distance = std::abs(std::remainder(hue - 2.0 * static_cast<double>(c), 6));
    color[c] = static_cast<uint8_t>(std::lround(low + (high - low) * std::clamp(2 - distance, 0.0, 1.0)));
  }
  return color;
}

void draw_box(Image& image, const Box& box, const Rgb& color, const std::string& name) {
  cv::Mat view = view_of(image);
  const cv::Point corner = point(box.x0, box.y0);
  cv::rectangle(view, corner, point(box.x1 - 1, box.y1 - 1), scalar(color), 1);
  if (name.empty()) return;
  const cv::Size size = text_size(name, kTextScale);
  const cv::Point room(size.width + 2 * kTextGap, size.height + 2 * kTextGap);
  const cv::Point visible(std::clamp(corner.x, 0, std::max(0, view.cols - room.x)),
                          std::clamp(corner.y, 0, std::max(0, view.rows - room.y)));
  const cv::Point end = visible + room;
  cv::rectangle(view, visible, end, scalar(color), cv::FILLED);
  draw_text(image, name, {visible.x + kTextGap, end.y - kTextGap}, kTextScale, text_color(color));
}

void draw_keypoints(Image& image, std::span<const Keypoint> joints, std::span<const Vocabulary::Limb> limbs,
                    const Rgb& color) {
  cv::Mat view = view_of(image);
  for (const auto& [from, to] : limbs) {
    if (from < 0 || to < 0 || std::max(from, to) >= std::ssize(joints)) continue;
    const Keypoint &a = joints[static_cast<size_t>(from)], &b = joints[static_cast<size_t>(to)];
    if (is_drawn(a) && is_drawn(b)) cv::line(view, point(a.x, a.y), point(b.x, b.y), scalar(color), 1, cv::LINE_AA);
  }
  for (const Keypoint& joint : joints)
    if (is_drawn(joint))
      cv::circle(view, point(joint.x, joint.y), kJointRadius, scalar(color),
                 joint.visibility == Visibility::kVisible ? cv::FILLED : 1, cv::LINE_AA);
}

void tint_mask(Image& image, const Rle& mask, const Rgb& color, double opacity) {
  if (mask.height != image.height || mask.width != image.width)
    throw std::invalid_argument("tint_mask: the mask has another size");
  int64_t i = 0;
  for (size_t run = 0; run < mask.counts.size(); ++run)
    for (const int64_t end = i + mask.counts[run]; i < end; ++i)
      if (run % 2 == 1) blend(image.row(i % image.height) + 3 * (i / image.height), color, opacity);
}

void tint_labels(Image& image, std::span<const uint16_t> labels, double opacity) {
  if (std::ssize(labels) != image.height * image.width)
    throw std::invalid_argument("tint_labels: labels don't fill the image");
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i] != kIgnoreLabel) blend(image.pixels.data() + 3 * i, class_color(labels[i]), opacity);
}

}  // namespace glid
