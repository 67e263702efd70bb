// The part of HDF5 that NYU Depth v2 needs: whole blocks of arrays of numbers, from files that may be damaged.
//
// HDF5 finds the pieces of an array, but their bytes are unpacked here: H5Dread of HDF5 1.10 writes beyond its buffers where
// the sizes in a damaged file disagree. All uses of HDF5 in a process take turns, as distributions don't build it
// thread-safe; unpacking goes on beside them. Every function throws DataError, naming file and dataset.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glid/core/mapped_file.h"

namespace glid {

// An identifier of HDF5 and the function that gives it back.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~Hdf5Handle();
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }

  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

// Little-endian in the file.
enum class Hdf5Number { kUint8, kUint16, kFloat, kDouble, kReference };

// Larger chunks are refused.
inline constexpr int64_t kMaxHdf5ChunkBytes = 64 << 20;

// An array stored in one piece, or in chunks that are deflated and perhaps shuffled before. Must not outlive its file.
class Hdf5Dataset {
 public:
  const std::vector<int64_t>& shape() const { return shape_; }  // at least one dimension
  int64_t num_elements() const { return num_elements_; }
  Hdf5Number number() const { return number_; }

  // Places [first, first + count) of the first dimension with all of the others, in the file's order. T has
  // the bytes of number(). The caller bounds the size and the range. Chunks that were never written are an error.
  template <typename T>
  std::vector<T> read(int64_t first, int64_t count) const {
    std::vector<T> values(static_cast<size_t>(count * (shape_[0] > 0 ? num_elements_ / shape_[0] : 0)));
    read_bytes(first, count, sizeof(T), reinterpret_cast<std::byte*>(values.data()));
    return values;
  }

 private:
  friend class Hdf5File;
  using Index = std::vector<int64_t>;
  struct Region {
    Index begin, end;
  };

  Hdf5Dataset(std::string file, std::string name, Hdf5Handle handle);
  [[noreturn]] void fail(const std::string& what, const std::string& value = {}) const;
  void find_number(std::initializer_list<Hdf5Number> allowed);
  void find_shape();
  void find_storage(std::string_view file_bytes);
  void find_stored(std::string_view file_bytes);
  void find_chunks(hid_t properties);
  void find_filters(hid_t properties);

  void read_bytes(int64_t first, int64_t count, size_t element_bytes, std::byte* to) const;
  std::string packed_chunk(const Index& origin, uint32_t& skipped_filters) const;
  std::string chunk_at(const Index& origin) const;
  void copy_chunk(const std::string& chunk, const Index& origin, const Region& region, std::byte* to) const;

  std::string file_, name_;
  Hdf5Handle handle_;
  Hdf5Number number_ = Hdf5Number::kUint8;
  Index shape_;
  int64_t num_elements_ = 0;
  std::string_view stored_;  // of an array in one piece
  Index chunk_shape_;        // empty for an array in one piece
  size_t chunk_bytes_ = 0;
  bool is_shuffled_ = false;
};

class Hdf5File {
 public:
  explicit Hdf5File(const std::filesystem::path& file);

  const std::string& name() const { return name_; }
  Hdf5Dataset dataset(const std::string& name, std::initializer_list<Hdf5Number> allowed) const;
  // The array that an element of kReference means; `name` is for errors.
  Hdf5Dataset dataset_at(uint64_t reference, const std::string& name, std::initializer_list<Hdf5Number> allowed) const;

 private:
  Hdf5Dataset described(Hdf5Handle handle, const std::string& name, std::initializer_list<Hdf5Number> allowed) const;

  std::string name_;
  MappedFile bytes_;
  Hdf5Handle handle_;
};

}  // namespace glid
