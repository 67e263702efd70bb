// Tensors of files as LibTorch's, and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "glid/formats/tensor_file.h"

namespace glid {

// Shares the memory of the file; elements that aren't aligned are copied. Our own mistake (TORCH_CHECK) for a dtype that
// LibTorch lacks: has_tensor_type() tells.
at::Tensor as_tensor(const TensorInfo& info);
bool has_tensor_type(const TensorInfo& info);

// Of a contiguous CPU tensor, whose memory it shares.
TensorInfo tensor_info(const at::Tensor& tensor);

// A tensor of the file (which has it) whose numbers a parameter can take as they are meant: fp64, fp32, fp16, bf16, fp8.
// Throws UsageError for others, which are never reinterpreted; `where` is named.
at::Tensor floating_tensor(const TensorFile& file, const std::string& name, const std::string& where);

}  // namespace glid
