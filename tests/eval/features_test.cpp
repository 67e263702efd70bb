// What features are, value by value, against Swin on the dense grid; and what the file says of them.
#include "glid/eval/features.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/data/transforms.h"
#include "glid/formats/image_file.h"
#include "glid/formats/resize.h"
#include "glid/formats/safetensors.h"
#include "glid/model/file_tensors.h"
#include "glid/model/init.h"
#include "glid/model/model_config.h"
#include "support/batches.h"
#include "support/dense_swin.h"
#include "support/plans.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

constexpr int64_t kSize = 64;

class Features : public testing::Test {
 protected:
  Features() {
    at::manual_seed(3);
    initialise_randomly(net_);
    net_.eval();
    std::filesystem::create_directories(folder_.path() / "images/b");
    for (const auto& [name, image] : images_) write_png(folder_.path() / "images" / (name + ".png"), image);
  }

  SafetensorsFile extract(const FeatureOptions& options, FeatureType type = FeatureType::kFp32) const {
    const FeaturesRequest request{options, type, folder_.path() / "images", folder_.path() / "features.safetensors", {}};
    EXPECT_EQ(extract_features(net_, request).images, std::ssize(images_));
    return SafetensorsFile(request.output);
  }

  // [C, H, W] of the square that the transform makes.
  std::vector<at::Tensor> expected(const Image& image, FeatureTransform transform) const {
    const Image square = transform == FeatureTransform::kSquash
                             ? resize(image, kSize, kSize, Filter::kBicubic)
                             : place_image(image, centre_placement(image.height, image.width, kSize), Filter::kBicubic);
    const at::Tensor pixels =
        normalise(at::tensor(at::ArrayRef<uint8_t>(square.pixels), at::kByte).view({1, kSize, kSize, 3}));
    const int64_t units = kSize / net_.shape().unit_px();
    std::vector<at::Tensor> maps;
    for (const at::Tensor& map :
         dense_swin(dynamic_cast<const Swin&>(*net_.encoder), pixels, at::ones({1, units * units}, at::kBool)))
      maps.push_back(map[0].permute({2, 0, 1}));
    return maps;
  }

  const std::map<std::string, Image> images_{{"a", noise_image(kSize, kSize, 1)}, {"b/other_size", noise_image(50, 90, 2)}};
  TemporaryFolder folder_;
  FeatureNet net_{
      ModelShape{swin_preset(EncoderName::kTiny), {.width = 32, .cells = 1}, {.layers = 3, .width = 32, .heads = 2}}};
};

void expect_near(const TensorInfo* got, const at::Tensor& expected, double tolerance, const std::string& what) {
  ASSERT_TRUE(got) << what;
  const at::Tensor values = as_tensor(*got).to(at::kFloat);
  ASSERT_EQ(values.sizes(), expected.sizes()) << what;
  EXPECT_LT((values - expected).abs().max().item<float>(), tolerance * expected.abs().max().item<float>()) << what;
}

TEST_F(Features, AreTheMapsOfTheDenseEncoder) {
  const at::NoGradGuard no_grad;
  for (const FeatureTransform transform : {FeatureTransform::kEval, FeatureTransform::kSquash}) {
    const SafetensorsFile file = extract({.transform = transform, .size_px = kSize});
    for (const auto& [name, image] : images_) {
      const std::vector<at::Tensor> maps = expected(image, transform);
      for (size_t stage = 0; stage < maps.size(); ++stage) {
        const std::string tensor = name + "/stage" + std::to_string(stage + 1);
        expect_near(file.find(tensor), maps[stage], 1e-5, tensor);
      }
    }
    EXPECT_EQ(file.metadata().at("transform"), config::name_of(transform));
    EXPECT_EQ(file.metadata().at("image_size"), "64");
    EXPECT_EQ(file.metadata().at("stages"), "1,2,3,4");
    EXPECT_EQ(file.metadata().at("pixel_mean"), "123.675,116.28,103.53");
  }
}

TEST_F(Features, MeansAreThoseOfTheMapsOfTheStagesAskedFor) {
  const at::NoGradGuard no_grad;
  const SafetensorsFile file = extract({.pool = FeaturePool::kMean, .stages = {2, 4}, .size_px = kSize});
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a/stage2", "a/stage4", "b/other_size/stage2", "b/other_size/stage4"}));
  for (const auto& [name, image] : images_)
    for (const int stage : {2, 4})
      expect_near(file.find(name + "/stage" + std::to_string(stage)),
                  expected(image, FeatureTransform::kEval)[static_cast<size_t>(stage - 1)].mean({1, 2}), 1e-5, name);
}

TEST_F(Features, DontDependOnTheSizeOfBatches) {
  const std::vector<Image> more{noise_image(70, 64, 5), noise_image(64, 64, 6), noise_image(80, 90, 7)};
  for (size_t i = 0; i < more.size(); ++i)
    write_png(folder_.path() / "images" / ("c" + std::to_string(i) + ".png"), more[i]);
  std::map<int64_t, at::Tensor> of_batch;
  for (const int64_t batch : {1, 2, 5}) {
    const FeaturesRequest request{{.pool = FeaturePool::kMean, .stages = {4}, .size_px = kSize, .batch = batch},
                                  FeatureType::kFp32,
                                  folder_.path() / "images",
                                  folder_.path() / "features.safetensors",
                                  {}};
    ASSERT_EQ(extract_features(net_, request).images, 5);
    const SafetensorsFile file(request.output);
    std::vector<at::Tensor> rows;
    for (const std::string& name : file.names()) rows.push_back(as_tensor(*file.find(name)).clone());
    of_batch[batch] = at::stack(rows);
  }
  EXPECT_TRUE(at::allclose(of_batch[1], of_batch[2], 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(of_batch[1], of_batch[5], 1e-5, 1e-6));
  EXPECT_FALSE(at::allclose(of_batch[1][2], of_batch[1][3], 1e-2, 1e-3));  // nor are all alike
}

// A model without heads answers [CLS] as the whole model does.
TEST_F(Features, TheDecodersAnswerIsThatOfTheWholeModel) {
  const at::NoGradGuard no_grad;
  const ModelShape shape{net_.shape(), {.width = 32, .cells = 1}, net_.decoder->config};
  Glid model(shape, {});
  NamedTensors parameters = named_parameters(net_);
  const std::map<std::string, at::Tensor> values(parameters.begin(), parameters.end());
  for (auto& [name, parameter] : named_parameters(model)) parameter.copy_(values.at(name));
  model.eval();
  const SafetensorsFile file = extract({.pool = FeaturePool::kCls, .size_px = kSize});
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a/cls", "b/other_size/cls"}));
  EXPECT_FALSE(file.metadata().contains("stages"));
  const Image& image = images_.at("a");
  const Image square = place_image(image, centre_placement(kSize, kSize, kSize), Filter::kBicubic);
  const at::Tensor pixels =
      normalise(at::tensor(at::ArrayRef<uint8_t>(square.pixels), at::kByte).view({1, kSize, kSize, 3}));
  const int64_t units = kSize / net_.shape().unit_px();
  WholeImagePlans plans;
  const auto plan = plans.get({units, units}, 1, net_.shape().windows(), at::kCPU);
  const ValidUnits whole{static_cast<double>(units), static_cast<double>(units)};
  const View view{.plan = {{{plan, whole}}}};
  const Query query{.asked = ClsQuery{}, .images = {0, 1}};
  const at::Tensor answer = model.decode(model.encode(to_units(pixels, net_.shape().unit_px()), view), query);
  expect_near(file.find("a/cls"), answer[0][0][0], 1e-5, "cls");
}

TEST_F(Features, NumbersAreOfTheTypeAskedFor) {
  const at::NoGradGuard no_grad;
  const at::Tensor map = expected(images_.at("a"), FeatureTransform::kEval)[3];
  const SafetensorsFile half = extract({.stages = {4}, .size_px = kSize}, FeatureType::kFp16);
  EXPECT_EQ(half.find("a/stage4")->dtype, "F16");
  EXPECT_EQ(half.metadata().at("dtype"), "fp16");
  expect_near(half.find("a/stage4"), map, 1e-3, "fp16");
  const SafetensorsFile brain = extract({.stages = {4}, .size_px = kSize}, FeatureType::kBf16);
  EXPECT_EQ(brain.find("a/stage4")->dtype, "BF16");
  expect_near(brain.find("a/stage4"), map, 8e-3, "bf16");
}

}  // namespace
}  // namespace glid
