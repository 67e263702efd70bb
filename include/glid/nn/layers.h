// Leaf modules over at:: functions, named and shaped as torch.nn's, so that checkpoints exchange by name.
// Parameters are made uninitialised (weights) or constant (norms and biases); model/init.h fills them.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

namespace glid {

// y = x W^T + b: weight [out, in], bias [out].
struct Linear : torch::nn::Module {
  Linear(int64_t in, int64_t out, bool with_bias = true);
  at::Tensor forward(const at::Tensor& x) const;  // [.., in] -> [.., out]

  at::Tensor weight, bias;
};

// gelu(linear(x)), GELU by erf.
at::Tensor gelu_of(const Linear& linear, const at::Tensor& x);

// Over the last dimension, in and to the type of its weights, so in float under autocast on every device.
struct LayerNorm : torch::nn::Module {
  explicit LayerNorm(int64_t channels, double eps = 1e-5);
  at::Tensor forward(const at::Tensor& x) const;

  at::Tensor weight, bias;
  double eps;
};

// 3x3 depthwise convolution, padding 1, without bias: weight [C, 1, 3, 3].
struct DepthwiseConv3x3 : torch::nn::Module {
  explicit DepthwiseConv3x3(int64_t channels);
  at::Tensor forward(const at::Tensor& x) const;  // [B, C, H, W]

  at::Tensor weight;
};

// Children named "0", "1", ...
template <typename T>
struct ModuleList : torch::nn::Module {
  template <typename... Args>
  void append(Args&&... args) {
    items.push_back(register_module(std::to_string(items.size()), std::make_shared<T>(std::forward<Args>(args)...)));
  }
  const T& operator[](int64_t i) const { return *items[static_cast<size_t>(i)]; }
  int64_t size() const { return std::ssize(items); }

  std::vector<std::shared_ptr<T>> items;
};

}  // namespace glid
