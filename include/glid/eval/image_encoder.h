// The encoder in a file of weights, for whole images: ImageEncoder encode(file); encode(image).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "glid/formats/image.h"
#include "glid/model/encoder_shape.h"
#include "glid/nn/batch_plan.h"

namespace glid {

struct ImageEncoderOptions {
  std::string model;    // as in model.encoder.name, which the file's must be; empty: the encoder's that is found
  bool strict = false;  // tensors that are missing or unexpected are refused
};

// On the CPU in fp32. Safe to call from several threads.
class ImageEncoder {
 public:
  // Weights of any form and dialect (docs/weights.md); the log says what of them was taken. Throws UsageError for an unknown
  // model, weights of another one or a ViT without a pyramid, DataError for weights that are missing, unreadable or not
  // whole.
  explicit ImageEncoder(const std::filesystem::path& weights, const ImageEncoderOptions& options = {});

  // The maps of the four stages after their norms, [C, H, W] at strides of 1, 2, 4, 8 patches, of an image as it was read:
  // it is normalised here with ImageNet's mean and deviation. Throws UsageError for a side that units don't divide.
  StageTokens operator()(const Image& image) const;

  const EncoderShape& shape() const { return shape_; }

 private:
  std::shared_ptr<TokenEncoder> encoder_;
  EncoderShape shape_;
  std::unique_ptr<WholeImagePlans> plans_;
};

}  // namespace glid
