#include "glid/tasks/box_losses.h"

#include <ATen/ATen.h>

namespace glid {
namespace {

// One axis of boxes: where they begin and end, [..].
struct Extent {
  at::Tensor begin, end;
  at::Tensor size() const { return end - begin; }
};

Extent extent(const at::Tensor& boxes, int64_t axis) {
  const at::Tensor centre = boxes.select(-1, axis), half = boxes.select(-1, axis + 2) / 2;
  return {centre - half, centre + half};
}

at::Tensor overlap(const Extent& a, const Extent& b) {
  return (at::minimum(a.end, b.end) - at::maximum(a.begin, b.begin)).clamp_min(0);
}

at::Tensor hull(const Extent& a, const Extent& b) { return at::maximum(a.end, b.end) - at::minimum(a.begin, b.begin); }

}  // namespace

at::Tensor generalised_iou(const at::Tensor& a, const at::Tensor& b) {
  const Extent ax = extent(a, 0), ay = extent(a, 1), bx = extent(b, 0), by = extent(b, 1);
  const at::Tensor shared = overlap(ax, bx) * overlap(ay, by);
  const at::Tensor both = ax.size() * ay.size() + bx.size() * by.size() - shared;
  const at::Tensor around = hull(ax, bx) * hull(ay, by);
  return shared / both - (around - both) / around;
}

at::Tensor l1_losses(const at::Tensor& boxes, const at::Tensor& truths) { return (boxes - truths).abs().sum(-1); }

at::Tensor giou_losses(const at::Tensor& boxes, const at::Tensor& truths) { return 1 - generalised_iou(boxes, truths); }

at::Tensor l1_costs(const at::Tensor& boxes, const at::Tensor& truths) {
  return at::cdist(boxes, truths.unsqueeze(0), /*p=*/1);
}

at::Tensor giou_costs(const at::Tensor& boxes, const at::Tensor& truths) {
  return -generalised_iou(boxes.unsqueeze(-2), truths.unsqueeze(1));
}

}  // namespace glid
