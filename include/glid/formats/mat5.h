// MATLAB level 5 MAT-files (save -v5 to -v7): their numeric arrays, as NYU Depth v2's splits.mat holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

struct MatArray {
  std::string name;
  std::vector<int64_t> shape;  // two or more
  std::vector<double> values;  // column-major; 64-bit integers are rounded
};

// The variables of classes double, single, int8 to int64 and uint8 to uint64 (logical ones too), in the order of the file;
// cells, structs, characters, sparse and complex arrays are left out. Throw DataError naming the file when it is missing,
// not a little-endian level 5 file, truncated, damaged, or inflates to more than 64 MiB.
std::vector<MatArray> read_mat5(const std::filesystem::path& file);
std::vector<MatArray> decode_mat5(std::string_view bytes, const std::string& where);

}  // namespace glid
