// Losses and matching costs of boxes (DETR, Carion et al., ECCV 2020). A box is (cx, cy, w, h), fractions of the picture.
#pragma once

#include <ATen/core/Tensor.h>

namespace glid {

// Generalised IoU in [-1, 1] (Rezatofighi et al., CVPR 2019) of boxes [.., 4] that broadcast: [..].
at::Tensor generalised_iou(const at::Tensor& a, const at::Tensor& b);

// |a - b| over the four numbers, and 1 - GIoU: [.., 4] -> [..].
at::Tensor l1_losses(const at::Tensor& boxes, const at::Tensor& truths);
at::Tensor giou_losses(const at::Tensor& boxes, const at::Tensor& truths);

// Of every query with every target of its picture: boxes [L, B, Q, 4], truths [B, N, 4] -> [L, B, Q, N]. The second is
// -GIoU.
at::Tensor l1_costs(const at::Tensor& boxes, const at::Tensor& truths);
at::Tensor giou_costs(const at::Tensor& boxes, const at::Tensor& truths);

}  // namespace glid
