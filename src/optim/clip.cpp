#include "glid/optim/clip.h"

#include <ATen/ATen.h>

namespace glid {

at::Tensor total_norm(const std::vector<at::Tensor>& gradients) { return at::stack(at::_foreach_norm(gradients, 2)).norm(); }

void clip_to_norm(const std::vector<at::Tensor>& gradients, const at::Tensor& norm, double max_norm) {
  at::_foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp_max(1.0));
}

}  // namespace glid
