// Stage maps of whole images: what people use for kNN, PCA pictures and probing.
#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "glid/model/model_config.h"
#include "glid/model/weights.h"

namespace glid {

// An encoder for whole images.
class FeatureExtractor {
 public:
  // Windows follow the bias tables in the file and the patch its embedding; `name` gives the depths and heads.
  // The load report is logged. Throws DataError for a file without a whole encoder, UsageError when `name` does not fit.
  FeatureExtractor(EncoderName name, const std::filesystem::path& weights);

  // The image, resized bicubically to size x size px if it is not that already (a multiple of the unit, else
  // UsageError) -> the four stage maps after their norms, fp32 [C, H, W].
  std::array<at::Tensor, kNumStages> operator()(const Image& image, int64_t size_px) const;

  int64_t unit_px() const { return shape_.unit_px(); }

 private:
  SwinShape shape_;
  std::shared_ptr<Swin> encoder_;
};

struct FeaturesRequest {
  EncoderName model = EncoderName::kSwinT;
  std::filesystem::path weights, input, output;
  int64_t size_px = 224;
};

// Every image file below `input` (or that one file) -> "<path relative to input, without extension>/stage1" .. "stage4"
// in one safetensors file, written as it is computed and renamed when complete. Returns the number of images.
int64_t extract_features(const FeaturesRequest& request);

}  // namespace glid
