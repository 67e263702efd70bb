#include "glid/geometry/box.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "glid/core/format.h"

namespace glid {
namespace {

double area(const Box& box) { return std::max(0.0, box.x1 - box.x0) * std::max(0.0, box.y1 - box.y0); }

Box overlap(const Box& a, const Box& b) {
  return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1), std::min(a.y1, b.y1)};
}

struct Areas {
  double intersection, either;
};

Areas compare(const Box& a, const Box& b) {
  const double area_a = area(a), area_b = area(b);
  const double intersection = area_a > 0 && area_b > 0 ? area(overlap(a, b)) : 0;
  return {intersection, area_a + area_b - intersection};
}

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

Box to_corners(const BoxXywh& box) { return {box.x, box.y, box.x + box.width, box.y + box.height}; }

BoxXywh to_xywh(const Box& box) { return {box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0}; }

Box to_corners(const BoxCxcywh& box, double image_height, double image_width) {
  return {(box.cx - box.width / 2) * image_width, (box.cy - box.height / 2) * image_height,
          (box.cx + box.width / 2) * image_width, (box.cy + box.height / 2) * image_height};
}

BoxCxcywh to_cxcywh(const Box& box, double image_height, double image_width) {
  return {(box.x0 + box.x1) / 2 / image_width, (box.y0 + box.y1) / 2 / image_height, (box.x1 - box.x0) / image_width,
          (box.y1 - box.y0) / image_height};
}

Box clip(const Box& box, double image_height, double image_width) {
  return {std::clamp(box.x0, 0.0, image_width), std::clamp(box.y0, 0.0, image_height), std::clamp(box.x1, 0.0, image_width),
          std::clamp(box.y1, 0.0, image_height)};
}

double coco_iou(const BoxXywh& detection, const BoxXywh& truth, bool truth_is_crowd) {
  const Box both = overlap(to_corners(detection), to_corners(truth));
  const double width = both.x1 - both.x0, height = both.y1 - both.y0;
  if (!(width > 0) || !(height > 0)) return 0;
  const double intersection = width * height;
  return intersection / (truth_is_crowd ? detection.area() : detection.area() + truth.area() - intersection);
}

double iou(const Box& a, const Box& b) {
  const Areas areas = compare(a, b);
  return ratio(areas.intersection, areas.either);
}

double giou(const Box& a, const Box& b) {
  const Areas areas = compare(a, b);
  const double hull = area({std::min(a.x0, b.x0), std::min(a.y0, b.y0), std::max(a.x1, b.x1), std::max(a.y1, b.y1)});
  return ratio(areas.intersection, areas.either) - ratio(hull - areas.either, hull);
}

std::vector<size_t> nms(std::span<const Box> boxes, std::span<const double> scores, double threshold) {
  if (boxes.size() != scores.size())
    throw std::invalid_argument(format("nms: {} boxes, {} scores", boxes.size(), scores.size()));
  for (size_t i = 0; i < scores.size(); ++i)
    if (std::isnan(scores[i])) throw std::invalid_argument(format("nms: score {} is NaN", i));
  std::vector<size_t> order(boxes.size()), kept;
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  for (const size_t i : order)
    if (std::none_of(kept.begin(), kept.end(), [&](size_t k) { return iou(boxes[i], boxes[k]) > threshold; }))
      kept.push_back(i);
  return kept;
}

}  // namespace glid
