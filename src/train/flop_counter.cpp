#include "glid/train/flop_counter.h"

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <atomic>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "glid/nn/fused.h"

namespace glid {
namespace {

using Values = c10::ArrayRef<const c10::IValue>;

// A callback of ATen's can carry nothing, so these are the program's only ones.
std::atomic<double> counted = 0;
at::CallbackHandle handle = at::INVALID_CALLBACK_HANDLE;

const at::Tensor& tensor(Values values, size_t i) { return values[i].toTensor(); }

// [.., M, K] times [.., K, N].
double of_product(const at::Tensor& a, const at::Tensor& b) {
  return 2.0 * static_cast<double>(a.numel()) * static_cast<double>(b.size(-1));
}

// Of a convolution that makes `outputs` numbers.
double of_convolution(double outputs, const at::Tensor& weight) {
  return 2.0 * outputs * static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0));
}

// One number for all axes, or one each.
int64_t of_axis(const std::vector<int64_t>& numbers, int64_t axis) {
  return numbers.at(numbers.size() == 1 ? 0 : static_cast<size_t>(axis));
}

// input, weight, bias, stride, padding, dilation, transposed: a transposed one makes as many products as its inverse.
double of_convolution(Values inputs) {
  const at::Tensor &image = tensor(inputs, 0), &weight = tensor(inputs, 1);
  if (inputs[6].toBool()) return of_convolution(static_cast<double>(image.numel()), weight);
  const auto stride = inputs[3].toIntVector(), padding = inputs[4].toIntVector(), dilation = inputs[5].toIntVector();
  double outputs = static_cast<double>(image.size(0)) * static_cast<double>(weight.size(0));
  for (int64_t axis = 0; axis < image.dim() - 2; ++axis) {
    const int64_t reach = of_axis(dilation, axis) * (weight.size(axis + 2) - 1);
    const int64_t free = image.size(axis + 2) + 2 * of_axis(padding, axis) - reach - 1;
    outputs *= static_cast<double>(free / of_axis(stride, axis) + 1);
  }
  return of_convolution(outputs, weight);
}

// gradient, input, weight, bias sizes, stride, padding, dilation, transposed: of the input and of the weight.
double of_convolution_gradients(Values inputs) {
  const at::Tensor& outputs = tensor(inputs, inputs[7].toBool() ? 1 : 0);
  return 2 * of_convolution(static_cast<double>(outputs.numel()), tensor(inputs, 2));
}

// Of `products` of Q x D and D x K, or alike, in every head.
double of_attention(const at::Tensor& query, const at::Tensor& key, int products) {
  return products * 2.0 * static_cast<double>(query.numel()) * static_cast<double>(key.size(-2));
}

// Operations that others are made of; one that is made of these counts nothing itself.
double flop_of(std::string_view name, Values inputs) {
  constexpr std::string_view kAttention = "aten::_scaled_dot_product_",
                             kWrittenOut = "aten::_scaled_dot_product_attention_math";
  if (name == kProducts) return inputs[0].toDouble();
  if (name == "aten::mm" || name == "aten::bmm") return of_product(tensor(inputs, 0), tensor(inputs, 1));
  if (name == "aten::addmm" || name == "aten::baddbmm") return of_product(tensor(inputs, 1), tensor(inputs, 2));
  if (name == "aten::convolution") return of_convolution(inputs);
  if (name == "aten::convolution_backward") return of_convolution_gradients(inputs);
  if (!name.starts_with(kAttention) || name.starts_with(kWrittenOut)) return 0;
  if (name.ends_with("_backward")) return of_attention(tensor(inputs, 1), tensor(inputs, 2), 4);
  return of_attention(tensor(inputs, 0), tensor(inputs, 1), 2);
}

std::unique_ptr<at::ObserverContext> begin_operation(const at::RecordFunction& function) {
  counted += flop_of(function.name(), function.inputs());
  return nullptr;
}

}  // namespace

FlopCounter::FlopCounter() {
  TORCH_CHECK(handle == at::INVALID_CALLBACK_HANDLE, "one FlopCounter at a time");
  counted = 0;
  handle = at::addGlobalCallback(
      at::RecordFunctionCallback(&begin_operation).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

FlopCounter::~FlopCounter() { at::removeCallback(std::exchange(handle, at::INVALID_CALLBACK_HANDLE)); }

double FlopCounter::flop() const { return counted; }

}  // namespace glid
