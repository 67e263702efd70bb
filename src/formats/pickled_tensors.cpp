#include "pickled_tensors.h"

#include <algorithm>
#include <array>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "torch_file.h"

namespace glid {
namespace {

constexpr size_t kMaxDimensions = 64;  // of PyTorch
constexpr int kMaxWraps = 4;           // a parameter of a tensor with attributes

// torch/storage.py, safetensors' bindings/python/py_src/safetensors/torch.py.
constexpr std::array<TorchType, 25> kTypes{{
    {"DoubleStorage", "float64", "F64"},
    {"FloatStorage", "float32", "F32"},
    {"HalfStorage", "float16", "F16"},
    {"BFloat16Storage", "bfloat16", "BF16"},
    {"LongStorage", "int64", "I64"},
    {"IntStorage", "int32", "I32"},
    {"ShortStorage", "int16", "I16"},
    {"CharStorage", "int8", "I8"},
    {"ByteStorage", "uint8", "U8"},
    {"BoolStorage", "bool", "BOOL"},
    {"UntypedStorage", "", "U8"},
    {"ComplexFloatStorage", "complex64", "C64"},
    {"ComplexDoubleStorage", "complex128", "", 16},
    {"QInt8Storage", "qint8", "", 1},
    {"QUInt8Storage", "quint8", "", 1},
    {"QInt32Storage", "qint32", "", 4},
    {"QUInt4x2Storage", "quint4x2", "", 1},
    {"QUInt2x4Storage", "quint2x4", "", 1},
    {"", "uint16", "U16"},
    {"", "uint32", "U32"},
    {"", "uint64", "U64"},
    {"", "float8_e4m3fn", "F8_E4M3"},
    {"", "float8_e5m2", "F8_E5M2"},
    {"", "float8_e4m3fnuz", "F8_E4M3FNUZ"},
    {"", "float8_e5m2fnuz", "F8_E5M2FNUZ"},
}};

// The row whose `field` is the class or dtype of torch that a value names; nullptr for another one.
const TorchType* torch_type(const Pickle& pickle, PickleId id, std::string_view TorchType::*field) {
  if (!pickle.is(id, PickleKind::kGlobal)) return nullptr;
  const std::string_view module = pickle.text(pickle.items(id)[0]), name = pickle.text(pickle.items(id)[1]);
  if (module != "torch" && module != "torch.cuda" && module != "torch.storage") return nullptr;
  for (const TorchType& type : kTypes)
    if (!name.empty() && type.*field == name) return &type;
  return nullptr;
}

}  // namespace

// ("storage", class, key, device, number of elements), and a sixth one in the older form.
std::optional<StorageKey> storage_key(const Pickle& pickle, PickleId id, const std::string& where) {
  const PickleId known_by = pickle.items(id)[0];
  if (!pickle.is(known_by, PickleKind::kTuple)) return std::nullopt;
  const auto items = pickle.items(known_by);
  if (items.empty() || !pickle.is(items[0], PickleKind::kText) || pickle.text(items[0]) != "storage") return std::nullopt;
  if (items.size() < 5 || !pickle.is(items[2], PickleKind::kText) || !pickle.is(items[4], PickleKind::kInt) ||
      pickle.integer(items[4]) < 0)
    throw DataError(where, "is damaged: a storage without key or size");
  StorageKey key{.type = torch_type(pickle, items[1], &TorchType::storage),
                 .key = pickle.text(items[2]),
                 .num_elements = static_cast<uint64_t>(pickle.integer(items[4]))};
  key.has_view = items.size() > 5 && !pickle.is(items[5], PickleKind::kNone);
  if (key.has_view) key.view = items[5];
  return key;
}

void PickledTensors::fail(const std::string& what, const std::string& value) const {
  throw DataError(where_, "is damaged: " + what, value);
}

PickledTensors::Ids PickledTensors::arguments(PickleId object) const {
  const PickleId arguments = pickle_.items(object)[1];
  return pickle_.is(arguments, PickleKind::kTuple) ? pickle_.items(arguments) : Ids();
}

std::vector<int64_t> PickledTensors::sizes(PickleId id) const {
  if (pickle_.is(id, PickleKind::kObject) && is_class(id, "torch.Size") && arguments(id).size() == 1) id = arguments(id)[0];
  if (!pickle_.is(id, PickleKind::kTuple) && !pickle_.is(id, PickleKind::kList)) fail("a tensor without shape");
  if (pickle_.items(id).size() > kMaxDimensions) fail("a tensor of too many dimensions");
  std::vector<int64_t> sizes;
  for (const PickleId size : pickle_.items(id)) sizes.push_back(static_cast<int64_t>(non_negative(size)));
  return sizes;
}

uint64_t PickledTensors::non_negative(PickleId id) const {
  if (!pickle_.is(id, PickleKind::kInt) || pickle_.integer(id) < 0) fail("a tensor with an impossible shape or place");
  return static_cast<uint64_t>(pickle_.integer(id));
}

bool PickledTensors::read(PickleId object, bool again, std::optional<TensorInfo>& tensor) {
  is_again_ = again;
  for (int i = 0; i < kMaxWraps; ++i) {
    const bool wraps = is_class(object, "torch._utils._rebuild_parameter") ||
                       is_class(object, "torch._utils._rebuild_parameter_with_state");
    if (!wraps) break;
    if (arguments(object).empty() || !pickle_.is(arguments(object)[0], PickleKind::kObject))
      fail("a parameter without tensor");
    object = arguments(object)[0];
  }
  return read_rebuilt(class_of(object), arguments(object), tensor) || read_array(object, tensor);
}

// What a function of PyTorch that rebuilds tensors is called with.
bool PickledTensors::read_rebuilt(PickleId made_by, Ids arguments, std::optional<TensorInfo>& tensor) {
  // (function, class, arguments, state): a tensor with attributes of its own
  if (pickle_.is_global(made_by, "torch._tensor._rebuild_from_type_v2") && arguments.size() > 2 &&
      pickle_.is(arguments[2], PickleKind::kTuple)) {
    for (const std::string_view plain : {"torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"})
      if (pickle_.is_global(arguments[1], plain)) {
        made_by = arguments[0];
        arguments = pickle_.items(arguments[2]);
        break;
      }
  }
  if (pickle_.is_global(made_by, "torch._utils._rebuild_tensor")) return tensor = torch_tensor(arguments, 4), true;
  if (pickle_.is_global(made_by, "torch._utils._rebuild_tensor_v2")) return tensor = torch_tensor(arguments, 6), true;
  if (pickle_.is_global(made_by, "torch._utils._rebuild_tensor_v3")) return tensor = torch_tensor(arguments, 7), true;
  if (!pickle_.is(made_by, PickleKind::kGlobal)) return false;
  const auto name = pickle_.items(made_by);
  return pickle_.text(name[0]).starts_with("torch.") && pickle_.text(name[1]).starts_with("_rebuild_");
}

TorchStorage PickledTensors::storage_of(PickleId id) {
  if (pickle_.is(id, PickleKind::kObject) && is_class(id, kLoadFromBytes) && arguments(id).size() == 1)
    return loaded_storage(arguments(id)[0]);
  const auto key = pickle_.is(id, PickleKind::kPersistent) ? storage_key(pickle_, id, where_) : std::nullopt;
  if (!key) fail("a tensor without storage");
  if (!key->type || key->type->name.empty()) return {};
  return {key->type, find_storage_(*key)};
}

// Each text is decoded and read once, whatever refers to it.
TorchStorage PickledTensors::loaded_storage(PickleId data) {
  const bool is_encoded = pickle_.is(data, PickleKind::kObject) && is_class(data, "_codecs.encode");
  const PickleId text = is_encoded && !arguments(data).empty() ? arguments(data)[0] : data;
  const auto [place, is_new] = loaded_.try_emplace(text);
  if (!is_new) return place->second;
  const auto bytes = array_data(data, SIZE_MAX / 2);
  if (!bytes) fail("a storage without numbers");
  return place->second = read_torch_storage(*bytes, where_);
}

// (storage, offset, shape, strides, needs a gradient, hooks, [dtype,] [marks]): `num_plain` before the marks.
std::optional<TensorInfo> PickledTensors::torch_tensor(Ids arguments, size_t num_plain) {
  if (arguments.size() < num_plain) fail("a tensor without storage");
  if (is_marked(arguments, num_plain)) return std::nullopt;
  const TorchStorage storage = storage_of(arguments[0]);
  const TorchType* type = num_plain == 7 ? torch_type(pickle_, arguments[6], &TorchType::dtype) : storage.type;
  if (!type || !storage.type || type->name.empty()) return std::nullopt;
  TensorInfo tensor{.dtype = std::string(type->name), .shape = sizes(arguments[2]), .strides = sizes(arguments[3])};
  return view(std::move(tensor), storage.bytes, non_negative(arguments[1]));
}

// Whether the numbers are meant negated or conjugated.
bool PickledTensors::is_marked(Ids arguments, size_t place) const {
  if (arguments.size() <= place || !pickle_.is(arguments[place], PickleKind::kDict)) return false;
  const Ids marks = pickle_.items(arguments[place]);
  for (size_t i = 1; i < marks.size(); i += 2)
    if (!pickle_.is(marks[i], PickleKind::kBool) || pickle_.integer(marks[i])) return true;
  return false;
}

void PickledTensors::count_bytes(TensorInfo& tensor) const {
  uint64_t bytes = dtype_bytes(tensor.dtype);
  bool fits = true, empty = false;
  for (const int64_t size : tensor.shape) {
    empty |= size == 0;
    if (size > 0) fits = fits && !__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes);
  }
  if (!fits) fail("a tensor with an impossible shape");
  tensor.bytes = empty ? 0 : bytes;
}

// All tensors together must not have too many: smaller ones may fit where a large one doesn't, and those that show numbers
// again must leave room for the others.
bool PickledTensors::take_bytes(const TensorInfo& tensor, size_t storage_bytes) {
  const bool is_again = is_again_ || tensor.bytes > storage_bytes;
  if (tensor.bytes > bytes_left_ || (is_again && tensor.bytes > again_bytes_left_)) return false;
  bytes_left_ -= tensor.bytes;
  if (is_again) again_bytes_left_ -= tensor.bytes;
  return true;
}

std::optional<TensorInfo> PickledTensors::view(TensorInfo tensor, std::span<const std::byte> storage, uint64_t first) {
  if (tensor.shape.size() != tensor.strides.size()) fail("a tensor with a stride too many or too few");
  count_bytes(tensor);
  tensor.data = storage.data();
  uint64_t last = first, row_major = 1;
  bool fits = true, contiguous = true;
  for (size_t d = tensor.shape.size(); d-- > 0;) {
    if (tensor.bytes == 0) break;
    const auto size = static_cast<uint64_t>(tensor.shape[d]), stride = static_cast<uint64_t>(tensor.strides[d]);
    uint64_t reach = 0;
    fits = fits && !__builtin_mul_overflow(size - 1, stride, &reach) && !__builtin_add_overflow(last, reach, &last);
    contiguous &= size == 1 || stride == row_major;
    row_major *= size;
  }
  if (contiguous) tensor.strides.clear();
  if (tensor.bytes == 0) return tensor;
  const size_t element_bytes = dtype_bytes(tensor.dtype);
  if (!fits || last >= storage.size() / element_bytes) fail("a tensor reaches beyond its storage");
  tensor.data += first * element_bytes;
  return take_bytes(tensor, storage.size()) ? std::optional(std::move(tensor)) : std::nullopt;
}

}  // namespace glid
