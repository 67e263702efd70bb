// numpy's .npy files, versions 1.0 to 3.0 (numpy/lib/format.py): one array of little-endian numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

struct NpyArray {
  std::string dtype;           // numpy's kind and bytes: b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8
  std::vector<int64_t> shape;  // empty for a scalar
  bool fortran_order = false;  // the first dimension varies fastest in data
  std::string data;            // little-endian, elements x bytes of dtype

  static NpyArray from(std::span<const float> values, std::vector<int64_t> shape);
  static NpyArray from(std::span<const double> values, std::vector<int64_t> shape);

  // Elements; 1 for a scalar.
  int64_t size() const;
  // All elements in C order (the last dimension varies fastest). 64-bit integers are rounded.
  std::vector<double> to_doubles() const;
};

// Throw DataError naming the file when it is missing, not a .npy, of another version, has a header that numpy wouldn't
// write, another dtype (objects, records, complex, big-endian), or is longer or shorter than its shape says.
NpyArray read_npy(const std::filesystem::path& file);
NpyArray decode_npy(std::string_view bytes, const std::string& where);

// Version 1.0. Throw std::invalid_argument unless data, dtype and shape agree. write_ replaces `file` in one step.
std::string encode_npy(const NpyArray& array);
void write_npy(const std::filesystem::path& file, const NpyArray& array);

}  // namespace glid
