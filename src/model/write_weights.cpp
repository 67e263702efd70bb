#include "glid/model/write_weights.h"

#include <ATen/ATen.h>

#include <string_view>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/pickle_writer.h"
#include "glid/formats/safetensors.h"
#include "glid/model/file_tensors.h"
#include "pytorch_zip.h"

namespace glid {
namespace {

constexpr std::string_view kSafetensors = ".safetensors";

// The names of a type in safetensors and in torch.
struct WrittenType {
  at::ScalarType type;
  std::string_view dtype, storage;
};
constexpr WrittenType kTypes[] = {
    {at::kFloat, "F32", "FloatStorage"}, {at::kHalf, "F16", "HalfStorage"}, {at::kBFloat16, "BF16", "BFloat16Storage"}};

const WrittenType& names_of(at::ScalarType type) {
  for (const WrittenType& known : kTypes)
    if (known.type == type) return known;
  TORCH_CHECK(false, "weights are not written as ", type);
}

at::Tensor as_written(const std::string& name, const at::Tensor& tensor, at::ScalarType type) {
  const at::Tensor converted = tensor.detach().to(type).contiguous();
  const bool overflows = type != tensor.scalar_type() &&
                         at::isfinite(tensor.detach()).logical_and(at::isfinite(converted).logical_not()).any().item<bool>();
  if (overflows)
    throw UsageError("--dtype", format("doesn't hold the numbers of {}", name), std::string(names_of(type).dtype),
                     format("the largest is {:.3g}: take bf16 or fp32", tensor.detach().abs().max().item<double>()));
  return converted;
}

void write_as_safetensors(const std::filesystem::path& file, const WrittenWeights& weights) {
  const WrittenType& type = names_of(weights.type);
  SafetensorsWriter::Tensors layout;
  for (const auto& [name, tensor] : weights.tensors)
    layout.emplace_back(name, TensorInfo{std::string(type.dtype), tensor.sizes().vec(), nullptr,
                                         static_cast<size_t>(tensor.numel()) * dtype_bytes(type.dtype)});
  // Older transformers demand the metadata that its own files have.
  SafetensorsWriter writer(file, layout, {{"format", "pt"}});
  for (const auto& [name, tensor] : weights.tensors) {
    const at::Tensor converted = as_written(name, tensor, weights.type);
    writer.append(static_cast<const std::byte*>(converted.const_data_ptr()), converted.nbytes());
  }
  writer.finish();
}

std::string pickle_of(const WrittenWeights& weights) {
  PickleWriter pickle;
  pickle.begin_dict();
  if (!weights.under.empty()) {
    pickle.key(weights.under);
    pickle.begin_dict();
  }
  int64_t record = 0;
  for (const auto& [name, tensor] : weights.tensors) {
    pickle.key(name);
    pickle.value({names_of(weights.type).storage, record++, tensor.sizes().vec()});
  }
  if (!weights.under.empty()) pickle.end_dict();
  pickle.end_dict();
  return pickle.finish();
}

void write_as_pytorch(const std::filesystem::path& file, const WrittenWeights& weights) {
  PyTorchZip zip(file);
  const std::string pickle = pickle_of(weights);
  zip.add("data.pkl", pickle.data(), pickle.size());
  constexpr std::string_view kOrder = "little";
  zip.add("byteorder", kOrder.data(), kOrder.size());
  int64_t record = 0;
  for (const auto& [name, tensor] : weights.tensors) {
    const at::Tensor converted = as_written(name, tensor, weights.type);
    zip.add(format("data/{}", record++), converted.const_data_ptr(), converted.nbytes());
  }
  zip.finish();
}

}  // namespace

bool is_weights_name(const std::filesystem::path& file) {
  const std::string extension = file.extension().string();
  return extension == kSafetensors || extension == ".pth" || extension == ".pt" || extension == ".bin";
}

void write_weights(const std::filesystem::path& file, const std::filesystem::path& name, const WrittenWeights& weights) {
  if (name.extension() == kSafetensors) write_as_safetensors(file, weights);
  else write_as_pytorch(file, weights);
}

}  // namespace glid
