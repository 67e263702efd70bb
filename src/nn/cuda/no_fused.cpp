#include <c10/util/Exception.h>

#include "../fused_on.h"

namespace glid {

bool fuses_window_attention_on_gpu(const at::Tensor&, const at::Tensor&, const WindowTensors&) { return false; }

at::Tensor fused_window_attention_on_gpu(const at::Tensor&, const at::Tensor&, const at::Tensor&, const WindowTensors&) {
  TORCH_CHECK(false, "this build has no CUDA");
}

bool fuses_depthwise_on_gpu(const at::Tensor&) { return false; }

at::Tensor fused_depthwise_on_gpu(const at::Tensor&, const at::Tensor&, const PlanTensors&, int) {
  TORCH_CHECK(false, "this build has no CUDA");
}

bool fuses_layer_norm(const at::Tensor&) { return false; }

at::Tensor fused_layer_norm(const at::Tensor&, const at::Tensor&, const at::Tensor&, double) {
  TORCH_CHECK(false, "this build has no CUDA");
}

bool fuses_weighted_silu_on_gpu(at::TensorList) { return false; }

at::Tensor fused_weighted_silu_on_gpu(at::TensorList, const at::Tensor&) { TORCH_CHECK(false, "this build has no CUDA"); }

bool fuses_unit_resize_on_gpu(const at::Tensor&) { return false; }

at::Tensor fused_pool_in_units_on_gpu(const at::Tensor&, int64_t) { TORCH_CHECK(false, "this build has no CUDA"); }

at::Tensor fused_up_in_units_on_gpu(const at::Tensor&, int64_t) { TORCH_CHECK(false, "this build has no CUDA"); }

}  // namespace glid
