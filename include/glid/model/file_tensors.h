// Tensors of files as LibTorch's, and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "glid/formats/tensor_file.h"

namespace glid {

// Shares the memory of the file; elements that aren't aligned are copied. Our own mistake (TORCH_CHECK) for a dtype that
// LibTorch lacks.
at::Tensor as_tensor(const TensorInfo& info);

// Of a contiguous CPU tensor, whose memory it shares.
TensorInfo tensor_info(const at::Tensor& tensor);

// Throws UsageError for integers and other numbers than fp64, fp32, fp16, bf16 and fp8, which no parameter can take as they
// are meant; the file has the tensor, `where` is named.
void require_floating(const TensorFile& file, const std::string& name, const std::string& where);

// The same, and the tensor.
at::Tensor floating_tensor(const TensorFile& file, const std::string& name, const std::string& where);

}  // namespace glid
