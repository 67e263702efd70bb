// The maps that glid_features writes, value by value, against Swin on the dense grid.
#include "glid/eval/features.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/data/transforms.h"
#include "glid/formats/image_file.h"
#include "glid/formats/resize.h"
#include "glid/formats/safetensors.h"
#include "glid/model/file_tensors.h"
#include "glid/model/model_config.h"
#include "support/batches.h"
#include "support/dense_swin.h"
#include "support/plans.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

constexpr int64_t kSize = 64;

void write_weights(const std::filesystem::path& file, const Swin& encoder) {
  SafetensorsWriter::Tensors tensors;
  for (const auto& [name, parameter] : named_parameters(encoder))
    tensors.emplace_back(name, tensor_info(parameter.detach()));
  write_safetensors(file, tensors, {});
}

// [1, H, W, 3] of an image resized to kSize.
at::Tensor pixels_of(const Image& image) {
  const Image resized = resize(image, kSize, kSize, Filter::kBicubic);
  return normalise(at::tensor(at::ArrayRef<uint8_t>(resized.pixels), at::kByte).view({1, kSize, kSize, 3}));
}

TEST(Features, AreTheMapsOfTheDenseEncoder) {
  const TemporaryFolder folder;
  at::manual_seed(3);
  Swin encoder(swin_preset(EncoderName::kTiny));
  initialise_randomly(encoder);
  write_weights(folder.path() / "encoder.safetensors", encoder);
  std::filesystem::create_directories(folder.path() / "images/b");
  const std::map<std::string, Image> images{{"a", noise_image(kSize, kSize, 1)}, {"b/other_size", noise_image(50, 90, 2)}};
  for (const auto& [name, image] : images) write_png(folder.path() / "images" / (name + ".png"), image);
  const std::filesystem::path out = folder.path() / "features.safetensors";
  const FeaturesRequest request{.model = "tiny",
                                .weights = folder.path() / "encoder.safetensors",
                                .input = folder.path() / "images",
                                .output = out,
                                .size_px = kSize};
  ASSERT_EQ(extract_features(request).images, 2);

  const at::NoGradGuard no_grad;
  const SafetensorsFile file(out);
  const int64_t units = kSize / encoder.shape.unit_px();
  for (const auto& [name, image] : images) {
    const auto expected = dense_swin(encoder, pixels_of(image), at::ones({1, units * units}, at::kBool));
    for (int stage = 0; stage < kNumStages; ++stage) {
      const TensorInfo* map = file.find(name + "/stage" + std::to_string(stage + 1));
      ASSERT_TRUE(map) << name;
      const at::Tensor dense = expected[static_cast<size_t>(stage)][0].permute({2, 0, 1});
      ASSERT_EQ(as_tensor(*map).sizes(), dense.sizes()) << name << stage;
      EXPECT_LT((as_tensor(*map) - dense).abs().max().item<float>(), 1e-5 * dense.abs().max().item<float>())
          << name << stage;
    }
  }
}

}  // namespace
}  // namespace glid
