#include "glid/formats/tensor_info.h"

#include <map>

namespace glid {

size_t dtype_bytes(std::string_view dtype) {
  static const std::map<std::string_view, size_t> kBytes = {
      {"F64", 8},         {"F32", 4},         {"F16", 2}, {"BF16", 2}, {"F8_E4M3", 1}, {"F8_E5M2", 1},
      {"F8_E4M3FNUZ", 1}, {"F8_E5M2FNUZ", 1}, {"C64", 8}, {"I64", 8},  {"I32", 4},     {"I16", 2},
      {"I8", 1},          {"U64", 8},         {"U32", 4}, {"U16", 2},  {"U8", 1},      {"BOOL", 1}};
  const auto found = kBytes.find(dtype);
  return found == kBytes.end() ? 0 : found->second;
}

}  // namespace glid
