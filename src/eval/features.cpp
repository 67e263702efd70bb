#include "glid/eval/features.h"

#include <map>
#include <optional>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/core/temporaries.h"
#include "glid/core/utf8.h"
#include "glid/eval/image_encoder.h"
#include "glid/formats/pairs.h"
#include "glid/formats/resize.h"
#include "glid/formats/safetensors.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// By the name of their features: the path below `input` without its extension.
std::map<std::string, fs::path> image_files(const fs::path& input) {
  if (!fs::exists(input)) throw DataError(input.string(), "does not exist");
  if (!fs::is_directory(input)) return {{input.stem().string(), input}};
  OtherImages others;
  std::map<std::string, fs::path> files = files_by_stem(input, kImageExtensions, &others);
  if (files.empty()) throw DataError(input.string(), "holds no images", {}, others.hint());
  others.warn(input);
  return files;
}

SafetensorsWriter::Tensors layout_of(const std::map<std::string, fs::path>& files, const SwinShape& shape, int64_t size_px) {
  SafetensorsWriter::Tensors layout;
  for (const auto& [name, file] : files)
    for (int stage = 0; stage < kNumStages; ++stage) {
      const int64_t side = size_px / shape.patch >> stage, channels = shape.stage_channels(stage);
      layout.emplace_back(
          format("{}/stage{}", to_utf8(name), stage + 1),
          TensorInfo{"F32", {channels, side, side}, nullptr, static_cast<size_t>(channels * side * side * 4)});
    }
  return layout;
}

Image squash(const Image& image, int64_t size_px) {
  const bool fits = image.height == size_px && image.width == size_px;
  return fits ? image : resize(image, size_px, size_px, Filter::kBicubic);
}

// Reads the images of a folder one after the other; those that can't be read are counted.
class ReadableImages {
 public:
  ReadableImages(const FeaturesRequest& request) : input_(request.input), max_bad_files_(request.max_bad_files) {}

  std::optional<Image> read(const fs::path& file) {
    try {
      return read_image(file);
    } catch (const DataError& error) {
      if (file == input_) throw;
      log_warning("left out: {}", error.what());
      if (++num_bad_ > max_bad_files_)
        throw DataError("--max-bad-files", format("{} images can't be read, the last one: {}", num_bad_, error.what()), {},
                        format("repair them or raise the limit of {}", max_bad_files_));
      return std::nullopt;
    }
  }
  int64_t num_bad() const { return num_bad_; }

 private:
  fs::path input_;
  int64_t max_bad_files_;
  int64_t num_bad_ = 0;
};

}  // namespace

FeaturesWritten extract_features(const FeaturesRequest& request) {
  const std::map<std::string, fs::path> files = image_files(request.input);
  std::vector<fs::path> inputs{request.weights};
  for (const auto& [name, file] : files) inputs.push_back(file);
  require_apart("--out", request.output, inputs);
  const ImageEncoder encode(request.weights, {request.model, request.strict});
  unit_grid(request.size_px, request.size_px, encode.shape().unit_px(), "--size");
  FoldersAbove above(request.output);
  AtomicFile output(request.output);
  SafetensorsWriter writer(output.path(), layout_of(files, encode.shape(), request.size_px), {});
  ReadableImages images(request);
  int64_t num_done = 0;
  for (const auto& [name, file] : files) {
    if (const std::optional<Image> image = images.read(file)) {
      for (const at::Tensor& map : encode(squash(*image, request.size_px)))
        writer.append(static_cast<const std::byte*>(map.const_data_ptr()), map.nbytes());
    } else {
      for (int stage = 0; stage < kNumStages; ++stage) writer.skip();
    }
    log_status(format("{} of {} images", ++num_done, files.size()));
  }
  log_status("");
  if (images.num_bad() == num_done) throw DataError(request.input.string(), "holds no image that can be read");
  writer.finish();
  output.commit();
  above.keep();
  return {num_done - images.num_bad(), images.num_bad()};
}

}  // namespace glid
