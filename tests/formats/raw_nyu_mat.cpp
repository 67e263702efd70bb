#include "raw_nyu_mat.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>

namespace glid {
namespace {

hid_t checked(hid_t id) {
  if (id < 0) throw std::runtime_error("HDF5 refused to write a test's file");
  return id;
}

hid_t layout_of(RawStorage storage, const std::vector<hsize_t>& shape) {
  const hid_t layout = checked(H5Pcreate(H5P_DATASET_CREATE));
  if (storage == RawStorage::kCompact) checked(H5Pset_layout(layout, H5D_COMPACT));
  if (storage == RawStorage::kOnePiece || storage == RawStorage::kCompact) return layout;
  std::vector<hsize_t> chunk = shape;
  chunk[0] = 1;
  if (storage == RawStorage::kShuffled) std::fill(chunk.begin(), chunk.end(), 2);
  checked(H5Pset_chunk(layout, static_cast<int>(chunk.size()), chunk.data()));
  if (storage == RawStorage::kShuffled) checked(H5Pset_shuffle(layout));
  if (storage != RawStorage::kPlainChunks) checked(H5Pset_deflate(layout, 3));
  return layout;
}

struct RawArray {
  const char* name;
  std::vector<hsize_t> shape;
  hid_t file_type;
  RawStorage storage = RawStorage::kOnePiece;
};

// No values: none are written.
template <typename T>
void write_dataset(hid_t file, const RawArray& array, hid_t type, const std::vector<T>& values) {
  const hid_t space = checked(H5Screate_simple(static_cast<int>(array.shape.size()), array.shape.data(), nullptr));
  const hid_t layout = layout_of(array.storage, array.shape);
  const hid_t dataset = checked(H5Dcreate2(file, array.name, array.file_type, space, H5P_DEFAULT, layout, H5P_DEFAULT));
  if (!values.empty()) checked(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
  H5Dclose(dataset);
  H5Pclose(layout);
  H5Sclose(space);
}

template <typename T>
std::vector<T> counting(const std::vector<hsize_t>& shape, T first) {
  std::vector<T> values(std::accumulate(shape.begin(), shape.end(), hsize_t{1}, std::multiplies<>()));
  std::iota(values.begin(), values.end(), first);
  return values;
}

// A cell of texts: references to datasets of characters.
void write_scene_types(hid_t file, hsize_t num_frames) {
  std::vector<hobj_ref_t> references(num_frames);
  for (hsize_t i = 0; i < num_frames; ++i) {
    const std::string text = "kitchen" + std::to_string(i), name = "cell" + std::to_string(i);
    write_dataset(file, {name.c_str(), {text.size(), 1}, H5T_STD_U16LE}, H5T_NATIVE_UINT16,
                  std::vector<uint16_t>(text.begin(), text.end()));
    checked(H5Rcreate(&references[i], file, name.c_str(), H5R_OBJECT, -1));
  }
  write_dataset(file, {"sceneTypes", {1, num_frames}, H5T_STD_REF_OBJ}, H5T_STD_REF_OBJ, references);
}

}  // namespace

void write_raw_nyu(const std::filesystem::path& path, const RawNyu& raw) {
  const hid_t file = checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  hid_t depth_type = raw.big_endian_depths ? H5T_IEEE_F32BE : H5T_IEEE_F32LE;
  if (raw.integer_depths) depth_type = H5T_STD_I32LE;
  const auto depths = [&](const std::vector<hsize_t>& shape, float first) {
    return raw.has_values ? counting<float>(shape, first) : std::vector<float>();
  };
  write_dataset(file, {"images", raw.images, H5T_STD_U8LE, raw.storage}, H5T_NATIVE_UINT8,
                raw.has_values ? counting<uint8_t>(raw.images, 0) : std::vector<uint8_t>());
  write_dataset(file, {"rawDepths", raw.raw, depth_type, raw.storage}, H5T_NATIVE_FLOAT, depths(raw.raw, 0));
  write_dataset(file, {"depths", raw.depths, H5T_IEEE_F32LE, raw.storage}, H5T_NATIVE_FLOAT, depths(raw.depths, 1000));
  if (raw.has_scene_types) write_scene_types(file, raw.images[0]);
  H5Fclose(file);
}

void overwrite_first_chunk(const std::filesystem::path& path, const char* name, uint32_t skipped_filters,
                           const std::string& bytes) {
  const hid_t file = checked(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
  const hid_t dataset = checked(H5Dopen2(file, name, H5P_DEFAULT));
  const std::vector<hsize_t> origin(H5S_MAX_RANK, 0);
  checked(H5Dwrite_chunk(dataset, H5P_DEFAULT, skipped_filters, origin.data(), bytes.size(), bytes.data()));
  H5Dclose(dataset);
  H5Fclose(file);
}

}  // namespace glid
