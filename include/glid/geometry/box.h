// Boxes in the two forms that files and networks use, in double and without the "+1" of old conventions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace glid {

// Corners in pixels; pixel i covers i to i + 1. Empty unless x0 < x1 and y0 < y1.
struct Box {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  bool operator==(const Box&) const = default;
};

// COCO's form: the corner of the smallest coordinates and the size, in pixels. Sizes of files may be negative.
struct BoxXywh {
  double x = 0, y = 0, width = 0, height = 0;
  double area() const { return width * height; }
  bool operator==(const BoxXywh&) const = default;
};

// DETR's form: centre and size, as fractions of the image.
struct BoxCxcywh {
  double cx = 0, cy = 0, width = 0, height = 0;
};

Box to_corners(const BoxXywh& box);
BoxXywh to_xywh(const Box& box);
Box to_corners(const BoxCxcywh& box, double image_height, double image_width);
BoxCxcywh to_cxcywh(const Box& box, double image_height, double image_width);

// The part of the box inside an image.
Box clip(const Box& box, double image_height, double image_width);

// pycocotools' maskApi.c bbIou: 0 without overlap in either axis; the denominator is the detection's area when the truth
// is a crowd, else the union.
double coco_iou(const BoxXywh& detection, const BoxXywh& truth, bool truth_is_crowd);

double iou(const Box& a, const Box& b);
// Generalised IoU in [-1, 1] (Rezatofighi et al., CVPR 2019).
double giou(const Box& a, const Box& b);

// Greedy non-maximum suppression: the indices kept, by descending score (equal scores in input order); a box whose IoU with
// a kept one is above `threshold` goes. Throws std::invalid_argument when the sizes differ or a score is NaN.
std::vector<size_t> nms(std::span<const Box> boxes, std::span<const double> scores, double threshold);

}  // namespace glid
