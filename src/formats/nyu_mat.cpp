#include "glid/formats/nyu_mat.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/mat5.h"
#include "hdf5_file.h"

namespace glid {
namespace {

std::string text_of(const std::vector<int64_t>& sizes) { return glid::format("[{}]", fmt::join(sizes, ", ")); }

// MATLAB's order to rows: `to` [rows][columns], its elements `step` apart, from `from` [columns][rows].
template <typename From, typename To>
void transpose(const From* from, int64_t rows, int64_t columns, To* to, int64_t step) {
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

struct NyuLabeledMat::File {
  explicit File(const std::filesystem::path& path);

  Hdf5Dataset open_depths(const char* dataset) const;
  void check_index(int64_t i) const {
    if (i < 0 || i >= size) throw std::out_of_range(format("frame {} of {}", i, size));
  }
  std::string text_at(uint64_t reference, size_t frame) const;

  Hdf5File file;
  Hdf5Dataset images;
  int64_t size, width, height;
  Hdf5Dataset raw_depths, filled_depths;
};

namespace {

// [frames][3][width][height]
Hdf5Dataset open_images(const Hdf5File& file) {
  Hdf5Dataset images = file.dataset("images", {Hdf5Number::kUint8});
  const std::vector<int64_t>& sizes = images.shape();
  const bool fits = sizes.size() == 4 && sizes[0] > 0 && sizes[1] == 3 && sizes[2] > 0 && sizes[3] > 0 &&
                    sizes[3] <= kMaxImagePixels / sizes[2];
  if (!fits) throw DataError(file.name(), "images must have the shape [frames, 3, width, height]", text_of(sizes));
  return images;
}

}  // namespace

NyuLabeledMat::File::File(const std::filesystem::path& path)
    : file(path),
      images(open_images(file)),
      size(images.shape()[0]),
      width(images.shape()[2]),
      height(images.shape()[3]),
      raw_depths(open_depths("rawDepths")),
      filled_depths(open_depths("depths")) {}

Hdf5Dataset NyuLabeledMat::File::open_depths(const char* name) const {
  Hdf5Dataset depths = file.dataset(name, {Hdf5Number::kFloat, Hdf5Number::kDouble});
  const std::vector<int64_t> expected{size, width, height};
  if (depths.shape() != expected)
    throw DataError(file.name(), format("{} must have the shape {}", name, text_of(expected)), text_of(depths.shape()));
  return depths;
}

// A cell of characters: a dataset of UTF-16 code units, of which the file has ASCII alone.
std::string NyuLabeledMat::File::text_at(uint64_t reference, size_t frame) const {
  const std::string name = format("of the scene type of frame {}", frame + 1);
  const Hdf5Dataset cell = file.dataset_at(reference, name, {Hdf5Number::kUint16});
  constexpr int64_t kMaxLength = 1000;
  if (cell.num_elements() > kMaxLength)
    throw DataError(file.name(), "has a scene type of too many characters", std::to_string(cell.num_elements()));
  const auto units = cell.read<uint16_t>(0, cell.shape()[0]);
  if (std::any_of(units.begin(), units.end(), [](uint16_t unit) { return unit > 126; }))
    throw DataError(file.name(), "has a scene type that is not ASCII");
  return {units.begin(), units.end()};
}

NyuLabeledMat::NyuLabeledMat(const std::filesystem::path& file) : file_(std::make_unique<File>(file)) {}
NyuLabeledMat::~NyuLabeledMat() = default;
NyuLabeledMat::NyuLabeledMat(NyuLabeledMat&&) noexcept = default;
NyuLabeledMat& NyuLabeledMat::operator=(NyuLabeledMat&&) noexcept = default;

int64_t NyuLabeledMat::size() const { return file_->size; }
int64_t NyuLabeledMat::height() const { return file_->height; }
int64_t NyuLabeledMat::width() const { return file_->width; }

Image NyuLabeledMat::rgb(int64_t i) const {
  file_->check_index(i);
  const int64_t height = file_->height, width = file_->width;
  const auto planes = file_->images.read<uint8_t>(i, 1);
  Image image = Image::filled(height, width, 0);
  for (int64_t c = 0; c < 3; ++c) transpose(planes.data() + c * height * width, height, width, image.pixels.data() + c, 3);
  return image;
}

DepthMap NyuLabeledMat::depth(int64_t i, NyuDepth which) const {
  file_->check_index(i);
  const Hdf5Dataset& depths = which == NyuDepth::kRaw ? file_->raw_depths : file_->filled_depths;
  DepthMap map{file_->height, file_->width, std::vector<double>(static_cast<size_t>(file_->height * file_->width))};
  const auto turn = [&](const auto& turned) { transpose(turned.data(), map.height, map.width, map.metres.data(), 1); };
  if (depths.number() == Hdf5Number::kFloat) turn(depths.read<float>(i, 1));
  else turn(depths.read<double>(i, 1));
  return map;
}

std::vector<std::string> NyuLabeledMat::scene_types() const {
  const Hdf5Dataset cells = file_->file.dataset("sceneTypes", {Hdf5Number::kReference});
  const std::vector<int64_t>& sizes = cells.shape();
  const bool fits = sizes.size() == 2 && std::min(sizes[0], sizes[1]) == 1 && std::max(sizes[0], sizes[1]) == file_->size;
  if (!fits) throw DataError(file_->file.name(), "sceneTypes must have one cell a frame", text_of(sizes));
  const auto references = cells.read<uint64_t>(0, sizes[0]);
  std::vector<std::string> types;
  for (size_t i = 0; i < references.size(); ++i) types.push_back(file_->text_at(references[i], i));
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
