#include "glid/model/file_tensors.h"

#include <ATen/ATen.h>

#include <cstring>
#include <map>
#include <string>

#include "glid/core/error.h"
#include "glid/core/utf8.h"

namespace glid {
namespace {

const std::map<std::string, at::ScalarType, std::less<>>& tensor_types() {
  static const std::map<std::string, at::ScalarType, std::less<>> types{
      {"F64", at::kDouble},         {"F32", at::kFloat},        {"F16", at::kHalf},
      {"BF16", at::kBFloat16},      {"I64", at::kLong},         {"I32", at::kInt},
      {"I16", at::kShort},          {"I8", at::kChar},          {"U64", at::kUInt64},
      {"U32", at::kUInt32},         {"U16", at::kUInt16},       {"U8", at::kByte},
      {"BOOL", at::kBool},          {"C64", at::kComplexFloat}, {"F8_E4M3", at::kFloat8_e4m3fn},
      {"F8_E5M2", at::kFloat8_e5m2}};
  return types;
}

at::ScalarType tensor_type(const std::string& dtype) {
  const auto found = tensor_types().find(dtype);
  TORCH_CHECK(found != tensor_types().end(), "no tensor type for the dtype ", dtype);
  return found->second;
}

std::string dtype_name(at::ScalarType type) {
  for (const auto& [name, known] : tensor_types())
    if (known == type) return name;
  TORCH_CHECK(false, "no dtype of files for ", type);
}

// Elements from the first to the last one in memory, gaps included; 0 of an empty tensor.
int64_t extent(const TensorInfo& info) {
  int64_t last = 0;
  for (size_t i = 0; i < info.shape.size(); ++i) {
    if (info.shape[i] == 0) return 0;
    last += (info.shape[i] - 1) * info.strides[i];
  }
  return last + 1;
}

}  // namespace

at::Tensor as_tensor(const TensorInfo& info) {
  const at::ScalarType type = tensor_type(info.dtype);
  auto* data = const_cast<std::byte*>(info.data);
  const int64_t count = info.strides.empty() ? static_cast<int64_t>(info.bytes / dtype_bytes(info.dtype)) : extent(info);
  at::Tensor elements;
  if (reinterpret_cast<uintptr_t>(data) % dtype_bytes(info.dtype) == 0) {
    elements = at::from_blob(data, {count}, at::dtype(type));
  } else {
    elements = at::empty({count}, at::dtype(type));
    std::memcpy(elements.mutable_data_ptr(), data, elements.nbytes());
  }
  return info.strides.empty() ? elements.view(info.shape) : elements.as_strided(info.shape, info.strides);
}

void require_floating(const TensorFile& file, const std::string& name, const std::string& where) {
  const std::string& dtype = file.find(name)->dtype;
  const auto known = tensor_types().find(dtype);
  if (known == tensor_types().end() || !at::isFloatingType(known->second))
    throw UsageError(where + ": " + printable(name), "has numbers that no weight can take", dtype,
                     "fp64, fp32, fp16, bf16 and fp8 (e4m3fn, e5m2) are taken; integers are not");
}

at::Tensor floating_tensor(const TensorFile& file, const std::string& name, const std::string& where) {
  require_floating(file, name, where);
  return as_tensor(*file.find(name));
}

TensorInfo tensor_info(const at::Tensor& tensor) {
  TORCH_CHECK(tensor.is_cpu() && tensor.is_contiguous(), "tensor_info: a contiguous CPU tensor is needed");
  return {dtype_name(tensor.scalar_type()), tensor.sizes().vec(), static_cast<const std::byte*>(tensor.const_data_ptr()),
          tensor.nbytes()};
}

}  // namespace glid
