// A small nyu_depth_v2_labeled.mat, written with the C API of HDF5.
#pragma once

#include <hdf5.h>

#include <filesystem>
#include <string>
#include <vector>

namespace glid {

// What a test may break.
struct RawNyu {
  std::vector<hsize_t> images{3, 3, 5, 4};  // [N][3][W][H]
  std::vector<hsize_t> raw{3, 5, 4};        // [N][W][H]
  std::vector<hsize_t> depths{3, 5, 4};
  bool integer_depths = false;
  bool has_scene_types = true;
  bool packed = false;  // chunks of one frame, deflated, as MATLAB writes
};

// Values count up from 0 in the file's order, filled depths from 1000.
void write_raw_nyu(const std::filesystem::path& file, const RawNyu& raw);

}  // namespace glid
