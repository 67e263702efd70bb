// Results that are maps: a file an image.
#include "glid/formats/depth_map.h"
#include "glid/formats/label_map.h"
#include "glid/formats/npy.h"
#include "result_writers.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

class SemanticFiles : public ResultFiles {
 public:
  SemanticFiles(const AnnotatedDataset& dataset, const fs::path& folder, const ResultFormat& format)
      : dataset_(dataset), folder_(folder), format_(format) {}
  void add(const PredictedSample& sample) override {
    const std::string stem = stem_of(dataset_.image_id(sample.id));
    const auto put = [&](const fs::path& folder, const std::vector<uint16_t>& labels) {
      put_map(folder / SemanticSettings::kName, stem, ".png",
              encode_label_png({sample.prediction.height, sample.prediction.width, labels}));
    };
    put(folder_, sample.prediction.semantic);
    if (format_.truth) put(folder_ / "truth", sample.truth.semantic);
  }

 private:
  const AnnotatedDataset& dataset_;
  fs::path folder_;
  ResultFormat format_;
};

class DepthFiles : public ResultFiles {
 public:
  DepthFiles(const DepthSettings& settings, const AnnotatedDataset& dataset, const fs::path& folder,
             const ResultFormat& format)
      : png_units_(png_units_per_metre(settings.protocol)), dataset_(dataset), folder_(folder), format_(format) {}
  void add(const PredictedSample& sample) override {
    const Prediction& p = sample.prediction;
    const std::string stem = stem_of(dataset_.image_id(sample.id));
    const fs::path results = folder_ / DepthSettings::kName, truths = folder_ / "truth" / DepthSettings::kName;
    const std::vector<int64_t> shape{p.height, p.width};
    if (format_.depth_png) put_map(results, stem, ".png", encode_depth_png({p.height, p.width, p.depth}, png_units_));
    else put_map(results, stem, ".npy", encode_npy(NpyArray::from(std::span(p.depth), shape)));
    if (format_.truth) put_map(truths, stem, ".npy", encode_npy(NpyArray::from(std::span(sample.truth.depth), shape)));
  }

 private:
  double png_units_;
  const AnnotatedDataset& dataset_;
  fs::path folder_;
  ResultFormat format_;
};

}  // namespace

std::unique_ptr<ResultFiles> result_files_of(const SemanticSettings&, const AnnotatedDataset& dataset,
                                             const fs::path& folder, const ResultFormat& format) {
  return std::make_unique<SemanticFiles>(dataset, folder, format);
}

std::unique_ptr<ResultFiles> result_files_of(const DepthSettings& settings, const AnnotatedDataset& dataset,
                                             const fs::path& folder, const ResultFormat& format) {
  return std::make_unique<DepthFiles>(settings, dataset, folder, format);
}

}  // namespace glid
