#include "glid/eval/features.h"

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "feature_reader.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/output_place.h"
#include "glid/core/temporaries.h"
#include "glid/data/image_list.h"
#include "glid/formats/image_file.h"
#include "glid/formats/safetensors.h"
#include "glid/model/file_tensors.h"
#include "glid/model/pixel_statistics.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

at::ScalarType scalar_type(FeatureType type) {
  switch (type) {
    case FeatureType::kFp32: return at::kFloat;
    case FeatureType::kFp16: return at::kHalf;
    case FeatureType::kBf16: return at::kBFloat16;
  }
  return at::kFloat;
}

SafetensorsWriter::Tensors layout_of(const ImageList& files, const FeatureNet& net, const FeaturesRequest& request) {
  const std::vector<std::string> names = request.options.names();
  std::vector<TensorInfo> infos;
  for (const std::vector<int64_t>& shape : net.shapes(request.options))
    infos.push_back(tensor_info(at::empty(shape, scalar_type(request.type))));
  for (TensorInfo& info : infos) info.data = nullptr;
  SafetensorsWriter::Tensors layout;
  for (int64_t id = 0; id < files.size(); ++id)
    for (size_t i = 0; i < names.size(); ++i) layout.emplace_back(format("{}/{}", files.stem(id), names[i]), infos[i]);
  return layout;
}

std::map<std::string, std::string> metadata_of(const FeaturesRequest& request) {
  const FeatureOptions& options = request.options;
  std::map<std::string, std::string> metadata = request.metadata;
  metadata["transform"] = config::name_of(options.transform);
  metadata["image_size"] = std::to_string(options.size_px);
  if (options.pool != FeaturePool::kCls) metadata["stages"] = glid::format("{}", fmt::join(options.stages, ","));
  metadata["pool"] = config::name_of(options.pool);
  metadata["dtype"] = config::name_of(request.type);
  metadata["pixel_mean"] = glid::format("{}", fmt::join(kPixelMean, ","));
  metadata["pixel_deviation"] = glid::format("{}", fmt::join(kPixelDeviation, ","));
  return metadata;
}

// Writes the features of images in the order of their ids; those that never come are left out.
class Rows {
 public:
  Rows(SafetensorsWriter& writer, size_t num_names, FeatureType type)
      : writer_(writer), num_names_(num_names), type_(scalar_type(type)) {}

  void write(const Batch& batch, const std::vector<at::Tensor>& features) {
    for (int64_t i = 0; i < batch.size(); ++i) {
      skip_to(batch.images[static_cast<size_t>(i)].key.id);
      written_.push_back(next_);
      for (const at::Tensor& feature : features) {
        const at::Tensor row = feature[i].to(type_).contiguous();
        writer_.append(static_cast<const std::byte*>(row.const_data_ptr()), row.nbytes());
      }
      ++next_;
    }
  }
  void skip_to(int64_t id) {
    for (; next_ < id; ++next_)
      for (size_t i = 0; i < num_names_; ++i) writer_.skip();
  }
  const std::vector<int64_t>& written() const { return written_; }

 private:
  SafetensorsWriter& writer_;
  size_t num_names_;
  at::ScalarType type_;
  int64_t next_ = 0;
  std::vector<int64_t> written_;  // ids
};

}  // namespace

void require_apart(const FeaturesRequest& request, const fs::path& weights) {
  std::vector<fs::path> inputs{weights};
  for (const NamedImage& image : list_images(request.input).images) inputs.push_back(image.file);
  require_apart("--out", request.output, inputs);
}

FeaturesWritten extract_features(const FeatureNet& net, const FeaturesRequest& request) {
  const auto files = std::make_shared<ImageList>(request.input);
  if (!fs::is_directory(request.input) && files->size() == 1) read_image(files->name(0));  // the one image must be one
  unit_grid(request.options.size_px, request.options.size_px, net.shape().unit_px(), "--size");
  FoldersAbove above(request.output);
  AtomicFile output(request.output);
  SafetensorsWriter writer(output.path(), layout_of(*files, net, request), metadata_of(request));
  Rows rows(writer, request.options.names().size(), request.type);
  const ImagesRead read = for_each_batch(files, request.options, net.shape().unit_px(), "features",
                                         [&](const Batch& batch) { rows.write(batch, net(batch, request.options)); });
  rows.skip_to(files->size());
  if (read.images == 0) throw DataError(request.input.string(), "holds no image that can be read");
  writer.finish();
  output.commit();
  above.keep();
  FeaturesWritten result{.images = read.images, .bad_files = read.bad_files};
  for (const int64_t id : rows.written()) result.written.push_back(files->image(id));
  return result;
}

}  // namespace glid
