// MATLAB level 5 files put together by hand.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "raw_png.h"

namespace glid {

enum MatType : uint32_t {
  kInt8 = 1,
  kUint8 = 2,
  kInt16 = 3,
  kUint16 = 4,
  kInt32 = 5,
  kUint32 = 6,
  kSingle = 7,
  kDouble = 9,
  kInt64 = 12,
  kUint64 = 13,
  kMatrix = 14,
  kCompressed = 15,
};
enum MatClass : char { kCharClass = 4, kDoubleClass = 6, kInt32Class = 12 };

template <typename T>
std::string bytes_of(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

inline std::string element(uint32_t type, const std::string& data) {
  const size_t padding = type == kCompressed ? 0 : (8 - data.size() % 8) % 8;
  return bytes_of(type) + bytes_of(static_cast<uint32_t>(data.size())) + data + std::string(padding, '\0');
}

// Up to four bytes of data.
inline std::string small_element(uint32_t type, const std::string& data) {
  return bytes_of(static_cast<uint32_t>(type | data.size() << 16)) + data + std::string(4 - data.size(), '\0');
}

inline std::string matrix(const std::string& name, MatClass array_class, const std::vector<int32_t>& shape,
                          const std::string& values) {
  std::string sizes;
  for (const int32_t size : shape) sizes += bytes_of(size);
  const std::string flags = std::string(1, array_class) + std::string(7, '\0');
  return element(kMatrix, element(kUint32, flags) + element(kInt32, sizes) + element(kInt8, name) + values);
}

inline std::string compressed(const std::string& bytes) { return element(kCompressed, zlib_packed(bytes)); }

inline std::string mat5_file(const std::string& elements) {
  std::string header = "MATLAB 5.0 MAT-file, written by a test";
  header.resize(124, ' ');
  return header + '\0' + '\1' + "IM" + elements;
}

}  // namespace glid
