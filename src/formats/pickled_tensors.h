// Tensors of PyTorch and arrays of numpy as pickles describe them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/formats/pickle.h"
#include "glid/formats/tensor_info.h"

namespace glid {

struct TorchType {
  std::string_view storage;  // the class of its storages: "FloatStorage"; empty for those of newer PyTorch
  std::string_view dtype;    // "float32"
  std::string_view name;     // of safetensors: "F32"; empty where it has none
  size_t unnamed_bytes = 0;  // of an element of a type without a name there

  // Of an element.
  size_t bytes() const { return name.empty() ? unnamed_bytes : dtype_bytes(name); }
};

// What a persistent value of a PyTorch file says of a storage.
struct StorageKey {
  const TorchType* type = nullptr;  // nullptr: a class that we don't know
  std::string_view key;
  uint64_t num_elements = 0;
  PickleId view = 0;  // in the older form: None, or the part of the storage that is meant
  bool has_view = false;
};
// None for other persistent values. Throws DataError naming `where` for a damaged one.
std::optional<StorageKey> storage_key(const Pickle& pickle, PickleId id, const std::string& where);

struct TorchStorage {
  const TorchType* type = nullptr;  // nullptr: one that TensorInfo can't say
  std::span<const std::byte> bytes;
};

// What plain pickle makes a storage of, from a whole file as torch.save wrote them before 1.6.
inline constexpr std::string_view kLoadFromBytes = "torch.storage._load_from_bytes";

// The tensors in one pickle, checked: shapes and strides stay within the storage.
class PickledTensors {
 public:
  // Where the bytes of a storage lie.
  using FindStorage = std::function<std::span<const std::byte>(const StorageKey&)>;

  // All tensors together may have eight times `file_bytes`, those that show numbers again half of that: one with more bytes
  // than its storage, or one that was met before. A tensor beyond it is read as one that TensorInfo can't say.
  PickledTensors(const Pickle& pickle, FindStorage find_storage, uint64_t file_bytes, const std::string& where)
      : pickle_(pickle),
        find_storage_(std::move(find_storage)),
        bytes_left_(8 * file_bytes),
        again_bytes_left_(bytes_left_ / 2),
        where_(where) {}

  // Whether an object is a tensor at all; `tensor` stays empty where TensorInfo can't say what it is. `again`: it was met
  // before. Throws DataError.
  bool read(PickleId object, bool again, std::optional<TensorInfo>& tensor);
  // Of numbers that had to be decoded.
  const std::vector<std::shared_ptr<const void>>& owners() const { return owners_; }

 private:
  using Ids = std::span<const PickleId>;

  [[noreturn]] void fail(const std::string& what, const std::string& value = {}) const;
  PickleId class_of(PickleId object) const { return pickle_.items(object)[0]; }
  Ids arguments(PickleId object) const;
  std::vector<int64_t> sizes(PickleId id) const;
  uint64_t non_negative(PickleId id) const;
  bool is_class(PickleId object, std::string_view name) const { return pickle_.is_global(class_of(object), name); }

  TorchStorage storage_of(PickleId id);
  TorchStorage loaded_storage(PickleId data);
  std::optional<TensorInfo> torch_tensor(Ids arguments, size_t num_plain);
  bool is_marked(Ids arguments, size_t place) const;
  bool read_rebuilt(PickleId made_by, Ids arguments, std::optional<TensorInfo>& tensor);
  std::optional<TensorInfo> view(TensorInfo tensor, std::span<const std::byte> storage, uint64_t first);
  void count_bytes(TensorInfo& tensor) const;
  bool take_bytes(const TensorInfo& tensor, size_t storage_bytes);

  bool read_array(PickleId object, std::optional<TensorInfo>& tensor);
  std::optional<TensorInfo> array(PickleId data, PickleId dtype, PickleId shape, bool is_fortran);
  std::string_view array_dtype(PickleId dtype) const;
  std::optional<std::string_view> array_data(PickleId data, size_t bytes);

  const Pickle& pickle_;
  FindStorage find_storage_;
  uint64_t bytes_left_, again_bytes_left_;
  bool is_again_ = false;  // the tensor that is read
  const std::string& where_;
  std::vector<std::shared_ptr<const void>> owners_;
  std::map<PickleId, TorchStorage> loaded_;  // by their bytes: many tensors may have the same
};

}  // namespace glid
