#include "raw_nyu_mat.h"

#include <functional>
#include <numeric>
#include <stdexcept>

namespace glid {
namespace {

hid_t checked(hid_t id) {
  if (id < 0) throw std::runtime_error("HDF5 refused to write a test's file");
  return id;
}

template <typename T>
void write_dataset(hid_t file, const char* name, const std::vector<hsize_t>& shape, hid_t type, const std::vector<T>& values,
                   bool packed = false) {
  const hid_t space = checked(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr));
  const hid_t layout = checked(H5Pcreate(H5P_DATASET_CREATE));
  if (packed) {
    std::vector<hsize_t> frame = shape;
    frame[0] = 1;
    checked(H5Pset_chunk(layout, static_cast<int>(frame.size()), frame.data()));
    checked(H5Pset_deflate(layout, 3));
  }
  const hid_t dataset = checked(H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT));
  checked(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
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
    write_dataset(file, name.c_str(), {text.size(), 1}, H5T_NATIVE_UINT16, std::vector<uint16_t>(text.begin(), text.end()));
    checked(H5Rcreate(&references[i], file, name.c_str(), H5R_OBJECT, -1));
  }
  write_dataset(file, "sceneTypes", {1, num_frames}, H5T_STD_REF_OBJ, references);
}

}  // namespace

void write_raw_nyu(const std::filesystem::path& path, const RawNyu& raw) {
  const hid_t file = checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  write_dataset(file, "images", raw.images, H5T_NATIVE_UINT8, counting<uint8_t>(raw.images, 0), raw.packed);
  if (raw.integer_depths) write_dataset(file, "rawDepths", raw.raw, H5T_NATIVE_INT, counting<int>(raw.raw, 0));
  else write_dataset(file, "rawDepths", raw.raw, H5T_NATIVE_FLOAT, counting<float>(raw.raw, 0), raw.packed);
  write_dataset(file, "depths", raw.depths, H5T_NATIVE_FLOAT, counting<float>(raw.depths, 1000), raw.packed);
  if (raw.has_scene_types) write_scene_types(file, raw.images[0]);
  H5Fclose(file);
}

}  // namespace glid
