// Arrays of numpy in pickles: numpy's ndarray.__reduce__ and __reduce_ex__.
#include <array>

#include "glid/core/format.h"
#include "pickled_tensors.h"

namespace glid {
namespace {

struct ArrayType {
  std::string_view code, name;  // of numpy and of safetensors
};

constexpr std::array<ArrayType, 13> kTypes{{{"f8", "F64"},
                                            {"f4", "F32"},
                                            {"f2", "F16"},
                                            {"i8", "I64"},
                                            {"i4", "I32"},
                                            {"i2", "I16"},
                                            {"i1", "I8"},
                                            {"u8", "U64"},
                                            {"u4", "U32"},
                                            {"u2", "U16"},
                                            {"u1", "U8"},
                                            {"b1", "BOOL"},
                                            {"c8", "C64"}}};

// Bytes that were written as the text of as many characters.
std::optional<std::string> latin1(std::string_view utf8) {
  std::string bytes;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto first = static_cast<uint8_t>(utf8[i]);
    if (first < 0x80) {
      bytes += utf8[i];
    } else if ((first == 0xC2 || first == 0xC3) && ++i < utf8.size()) {
      bytes += static_cast<char>((first & 3) << 6 | (static_cast<uint8_t>(utf8[i]) & 0x3F));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

}  // namespace

bool PickledTensors::read_array(PickleId object, std::optional<TensorInfo>& tensor) {
  const PickleId state = pickle_.items(object)[2];
  for (const std::string_view name : {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"}) {
    if (!is_class(object, name)) continue;
    // (version, shape, dtype, whether the first dimension is the innermost, data)
    const bool is_tuple = pickle_.is(state, PickleKind::kTuple) && pickle_.items(state).size() == 5;
    const Ids parts = is_tuple ? pickle_.items(state) : Ids();
    if (!is_tuple || !pickle_.is(parts[3], PickleKind::kBool)) fail("an array without shape or data");
    return tensor = array(parts[4], parts[2], parts[1], pickle_.integer(parts[3]) != 0), true;
  }
  for (const std::string_view name : {"numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"}) {
    if (!is_class(object, name)) continue;
    // (data, dtype, shape, "C" or "F")
    const Ids parts = arguments(object);
    if (parts.size() != 4 || !pickle_.is(parts[3], PickleKind::kText)) fail("an array without shape or data");
    return tensor = array(parts[0], parts[1], parts[2], pickle_.text(parts[3]) == "F"), true;
  }
  return false;
}

std::optional<TensorInfo> PickledTensors::array(PickleId data, PickleId dtype, PickleId shape, bool is_fortran) {
  TensorInfo tensor{.dtype = std::string(array_dtype(dtype)), .shape = sizes(shape)};
  if (tensor.dtype.empty()) return std::nullopt;
  count_bytes(tensor);
  if (!take_bytes(tensor, tensor.bytes)) return std::nullopt;
  const auto bytes = array_data(data, tensor.bytes);
  if (!bytes || bytes->size() != tensor.bytes) fail("an array with too few or too many bytes", format("{}", tensor.bytes));
  tensor.data = reinterpret_cast<const std::byte*>(bytes->data());
  int64_t stride = 1;
  for (const int64_t size : tensor.shape) {
    if (!is_fortran || tensor.bytes == 0 || tensor.shape.size() < 2) break;
    tensor.strides.push_back(stride);
    stride *= size;
  }
  return tensor;
}

// dtype("f4", False, True) with the state (3, "<", ...); empty for what has no name or another order of bytes.
std::string_view PickledTensors::array_dtype(PickleId dtype) const {
  if (!pickle_.is(dtype, PickleKind::kObject) || !is_class(dtype, "numpy.dtype")) fail("an array without dtype");
  const Ids made_with = arguments(dtype);
  const PickleId state = pickle_.items(dtype)[2];
  if (made_with.empty() || !pickle_.is(made_with[0], PickleKind::kText)) fail("an array without dtype");
  if (!pickle_.is(state, PickleKind::kTuple) || pickle_.items(state).size() < 2) return {};
  const PickleId order = pickle_.items(state)[1];
  if (!pickle_.is(order, PickleKind::kText) || (pickle_.text(order) != "<" && pickle_.text(order) != "|")) return {};
  for (const ArrayType& type : kTypes)
    if (type.code == pickle_.text(made_with[0])) return type.name;
  return {};
}

// Protocol 2 has no bytes: _codecs.encode(text, "latin1") makes them of a text.
std::optional<std::string_view> PickledTensors::array_data(PickleId data, size_t bytes) {
  if (pickle_.is(data, PickleKind::kBytes) || pickle_.is(data, PickleKind::kText)) return pickle_.text(data);
  if (!pickle_.is(data, PickleKind::kObject) || !is_class(data, "_codecs.encode")) return std::nullopt;
  const Ids parts = arguments(data);
  if (parts.empty() || !pickle_.is(parts[0], PickleKind::kText) || pickle_.text(parts[0]).size() > 2 * bytes)
    return std::nullopt;
  auto decoded = latin1(pickle_.text(parts[0]));
  if (!decoded) return std::nullopt;
  auto owner = std::make_shared<const std::string>(*std::move(decoded));
  owners_.push_back(owner);
  return std::string_view(*owner);
}

}  // namespace glid
