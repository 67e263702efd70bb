#include "glid/formats/nyu_mat.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <hdf5.h>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/mat5.h"

namespace glid {
namespace {

// One caller of HDF5 at a time, and nothing printed on its errors meanwhile.
class Hdf5Turn {
 public:
  Hdf5Turn() : lock_(mutex()) {
    H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Hdf5Turn() { H5Eset_auto2(H5E_DEFAULT, print_, print_data_); }
  Hdf5Turn(const Hdf5Turn&) = delete;
  Hdf5Turn& operator=(const Hdf5Turn&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }

  std::lock_guard<std::mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* print_data_ = nullptr;
};

// An identifier of HDF5 and the function that gives it back.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Handle() = default;
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
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

herr_t keep_innermost(unsigned, const H5E_error2_t* error, void* text) {
  if (error->desc) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

// What HDF5 says about its last error, in its innermost function.
std::string hdf5_message() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_innermost, &text);
  return text;
}

// Empty for a scalar and after an error.
std::vector<hsize_t> dimensions_of(const Handle& dataset) {
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  const int rank = space ? H5Sget_simple_extent_ndims(space.get()) : -1;
  std::vector<hsize_t> sizes(static_cast<size_t>(std::max(rank, 0)));
  if (rank > 0 && H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr) < 0) sizes.clear();
  return sizes;
}

std::string text_of(const std::vector<hsize_t>& sizes) { return glid::format("[{}]", fmt::join(sizes, ", ")); }

bool has_type(const Handle& dataset, H5T_class_t type_class, size_t max_bytes) {
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  return type && H5Tget_class(type.get()) == type_class && H5Tget_size(type.get()) <= max_bytes;
}

// Frame `i` of the first dimension, converted to `memory_type`. False after an error.
bool read_frame(const Handle& dataset, int64_t i, hid_t memory_type, void* to) {
  std::vector<hsize_t> count = dimensions_of(dataset), start(count.size(), 0);
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  count[0] = 1;
  start[0] = static_cast<hsize_t>(i);
  const Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose);
  return space && memory &&
         H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) >= 0 &&
         H5Dread(dataset.get(), memory_type, memory.get(), space.get(), H5P_DEFAULT, to) >= 0;
}

// MATLAB's order to rows: `to` [rows][columns], its elements `step` apart, from `from` [columns][rows].
template <typename T>
void transpose(const T* from, int64_t rows, int64_t columns, T* to, int64_t step) {
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x) to[(y * columns + x) * step] = from[x * rows + y];
}

// Frames from 0 of an array of frames from 1; `is_taken` marks them.
std::vector<int64_t> frames_of(const std::vector<MatArray>& arrays, const char* name, std::vector<bool>& is_taken,
                               const std::string& where) {
  const auto array = std::find_if(arrays.begin(), arrays.end(), [name](const MatArray& a) { return a.name == name; });
  if (array == arrays.end()) throw DataError(where, format("has no array {}", name));
  std::vector<int64_t> frames;
  for (const double value : array->values) {
    if (!(value >= 1 && value <= static_cast<double>(is_taken.size())) || value != std::floor(value))
      throw DataError(where, format("{} must hold frames from 1 to {}", name, is_taken.size()), format("{}", value));
    frames.push_back(static_cast<int64_t>(value) - 1);
    if (is_taken[static_cast<size_t>(frames.back())])
      throw DataError(where, format("{} holds a frame that was there before", name), format("{}", value));
    is_taken[static_cast<size_t>(frames.back())] = true;
  }
  return frames;
}

}  // namespace

// The members are destroyed during a turn.
struct NyuLabeledMat::File {
  explicit File(const std::filesystem::path& path);

  [[noreturn]] void fail(const std::string& what) const { throw DataError(name, what, hdf5_message()); }
  Handle open(const char* dataset, H5T_class_t type_class, size_t max_bytes) const;
  Handle open_depths(const char* dataset) const;
  void check_index(int64_t i) const {
    if (i < 0 || i >= size) throw std::out_of_range(format("frame {} of {}", i, size));
  }
  std::string text_at(const hobj_ref_t& reference) const;

  std::string name;
  int64_t size = 0, height = 0, width = 0;
  Handle file, images, raw_depths, filled_depths;
};

NyuLabeledMat::File::File(const std::filesystem::path& path) : name(path.string()) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) throw DataError(name, "can't be read");
  file = Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file) fail("is not an HDF5 file or is damaged");
  images = open("images", H5T_INTEGER, sizeof(uint8_t));
  const auto sizes = dimensions_of(images);
  const bool fits = sizes.size() == 4 && sizes[0] > 0 && sizes[0] <= INT32_MAX && sizes[1] == 3 && sizes[2] > 0 &&
                    sizes[3] > 0 && sizes[2] <= INT32_MAX && sizes[3] <= static_cast<hsize_t>(kMaxImagePixels) / sizes[2];
  if (!fits) throw DataError(name, "images must have the shape [frames, 3, width, height]", text_of(sizes));
  size = static_cast<int64_t>(sizes[0]);
  width = static_cast<int64_t>(sizes[2]);
  height = static_cast<int64_t>(sizes[3]);
  raw_depths = open_depths("rawDepths");
  filled_depths = open_depths("depths");
}

Handle NyuLabeledMat::File::open(const char* dataset, H5T_class_t type_class, size_t max_bytes) const {
  Handle handle(H5Dopen2(file.get(), dataset, H5P_DEFAULT), H5Dclose);
  if (!handle) fail(format("has no dataset {}", dataset));
  if (!has_type(handle, type_class, max_bytes)) throw DataError(name, format("dataset {} has another type", dataset));
  return handle;
}

Handle NyuLabeledMat::File::open_depths(const char* dataset) const {
  Handle handle = open(dataset, H5T_FLOAT, sizeof(double));
  const auto sizes = dimensions_of(handle);
  const std::vector<hsize_t> expected{static_cast<hsize_t>(size), static_cast<hsize_t>(width), static_cast<hsize_t>(height)};
  if (sizes != expected)
    throw DataError(name, format("{} must have the shape {}", dataset, text_of(expected)), text_of(sizes));
  return handle;
}

// A cell of characters: a dataset of UTF-16 code units, of which the file has ASCII alone.
std::string NyuLabeledMat::File::text_at(const hobj_ref_t& reference) const {
  const Handle cell(H5Rdereference2(file.get(), H5P_DEFAULT, H5R_OBJECT, &reference), H5Oclose);
  if (!cell || H5Iget_type(cell.get()) != H5I_DATASET || !has_type(cell, H5T_INTEGER, sizeof(uint16_t)))
    fail("has a scene type that is no text");
  constexpr hsize_t kMaxLength = 1000;
  hsize_t length = 1;
  for (const hsize_t dimension : dimensions_of(cell)) length *= std::min(dimension, kMaxLength);
  if (length > kMaxLength) throw DataError(name, "has a scene type of too many characters", std::to_string(length));
  std::vector<uint16_t> units(length);
  if (H5Dread(cell.get(), H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, units.data()) < 0)
    fail("has a scene type that can't be read");
  if (std::any_of(units.begin(), units.end(), [](uint16_t unit) { return unit > 126; }))
    throw DataError(name, "has a scene type that is not ASCII");
  return {units.begin(), units.end()};
}

NyuLabeledMat::NyuLabeledMat(const std::filesystem::path& file) {
  const Hdf5Turn turn;
  file_ = std::make_unique<File>(file);
}

NyuLabeledMat::~NyuLabeledMat() {
  const Hdf5Turn turn;
  file_.reset();
}

NyuLabeledMat::NyuLabeledMat(NyuLabeledMat&&) noexcept = default;

NyuLabeledMat& NyuLabeledMat::operator=(NyuLabeledMat&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

int64_t NyuLabeledMat::size() const { return file_->size; }
int64_t NyuLabeledMat::height() const { return file_->height; }
int64_t NyuLabeledMat::width() const { return file_->width; }

Image NyuLabeledMat::rgb(int64_t i) const {
  file_->check_index(i);
  const int64_t height = file_->height, width = file_->width;
  std::vector<uint8_t> planes(static_cast<size_t>(3 * height * width));
  {
    const Hdf5Turn turn;
    if (!read_frame(file_->images, i, H5T_NATIVE_UINT8, planes.data())) file_->fail(format("image {} can't be read", i + 1));
  }
  Image image = Image::filled(height, width, 0);
  for (int64_t c = 0; c < 3; ++c) transpose(planes.data() + c * height * width, height, width, image.pixels.data() + c, 3);
  return image;
}

DepthMap NyuLabeledMat::depth(int64_t i, NyuDepth which) const {
  file_->check_index(i);
  std::vector<double> turned(static_cast<size_t>(file_->height * file_->width));
  {
    const Hdf5Turn turn;
    const Handle& dataset = which == NyuDepth::kRaw ? file_->raw_depths : file_->filled_depths;
    if (!read_frame(dataset, i, H5T_NATIVE_DOUBLE, turned.data())) file_->fail(format("depth map {} can't be read", i + 1));
  }
  DepthMap map{file_->height, file_->width, std::vector<double>(turned.size())};
  transpose(turned.data(), map.height, map.width, map.metres.data(), 1);
  return map;
}

std::vector<std::string> NyuLabeledMat::scene_types() const {
  const Hdf5Turn turn;
  const Handle cells = file_->open("sceneTypes", H5T_REFERENCE, sizeof(hobj_ref_t));
  const auto sizes = dimensions_of(cells);
  const auto num_frames = static_cast<hsize_t>(file_->size);
  if (sizes.size() != 2 || std::min(sizes[0], sizes[1]) != 1 || std::max(sizes[0], sizes[1]) != num_frames)
    throw DataError(file_->name, "sceneTypes must have one cell a frame", text_of(sizes));
  std::vector<hobj_ref_t> references(num_frames);
  if (H5Dread(cells.get(), H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, references.data()) < 0)
    file_->fail("sceneTypes can't be read");
  std::vector<std::string> types;
  for (const hobj_ref_t& reference : references) types.push_back(file_->text_at(reference));
  return types;
}

NyuSplits read_nyu_splits(const std::filesystem::path& file, int64_t num_frames) {
  const std::vector<MatArray> arrays = read_mat5(file);
  std::vector<bool> is_taken(static_cast<size_t>(num_frames));
  NyuSplits splits;
  splits.train = frames_of(arrays, "trainNdxs", is_taken, file.string());
  splits.test = frames_of(arrays, "testNdxs", is_taken, file.string());
  return splits;
}

}  // namespace glid
