// The norm of all gradients, and clipping by it, without a word to the host.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace glid {

// The 2-norm over all tensors, a float scalar on their device.
at::Tensor total_norm(const std::vector<at::Tensor>& gradients);

// Multiplies the gradients by min(1, max_norm / (norm + 1e-6)) in place, as torch.nn.utils.clip_grad_norm_.
void clip_to_norm(const std::vector<at::Tensor>& gradients, const at::Tensor& norm, double max_norm);

}  // namespace glid
