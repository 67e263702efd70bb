// A small nyu_depth_v2_labeled.mat, written with the C API of HDF5.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace glid {

enum class RawStorage {
  kOnePiece,
  kDeflated,     // chunks of one frame, as MATLAB writes
  kShuffled,     // shuffled and deflated chunks of two along every dimension
  kPlainChunks,  // chunks of one frame without a filter
  kCompact,      // beside the description of the array
};

// What a test may break.
struct RawNyu {
  std::vector<hsize_t> images{3, 3, 5, 4};  // [N][3][W][H]
  std::vector<hsize_t> raw{3, 5, 4};        // [N][W][H]
  std::vector<hsize_t> depths{3, 5, 4};
  bool integer_depths = false;
  bool has_scene_types = true;
  bool big_endian_depths = false;
  bool has_values = true;  // else no value of images and depths is written
  RawStorage storage = RawStorage::kOnePiece;
};

// Values count up from 0 in the file's order, filled depths from 1000.
void write_raw_nyu(const std::filesystem::path& file, const RawNyu& raw);

// Puts `bytes` in the place of the chunk of frame 0 as they are; the bits of `skipped_filters` are the filters' places.
void overwrite_first_chunk(const std::filesystem::path& file, const char* dataset, uint32_t skipped_filters,
                           const std::string& bytes);

}  // namespace glid
