#include "glid/model/weights.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/model/decoder.h"
#include "support/plans.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using testing::HasSubstr;

SwinShape shape_with_window(int64_t window) {
  return {
      .channels = 8, .depths = {1, 1, 2, 1}, .heads = {1, 2, 2, 4}, .windows = {window, window, window, window}, .patch = 1};
}

// A module whose encoder has the parameter names of a whole model.
struct Holder : torch::nn::Module {
  explicit Holder(int64_t window) : swin(register_module("encoder", std::make_shared<Swin>(shape_with_window(window)))) {
    initialise_randomly(*this);
  }
  std::shared_ptr<Swin> swin;
};

// Saves an encoder the way official checkpoints are: bare names, `norm` for norm3, no norm0..2, a classifier, buffers.
std::filesystem::path save_official(const Holder& holder, const TemporaryFolder& dir) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : named_parameters(holder)) {
    std::string bare = name.substr(std::string("encoder.").size());
    if (bare.starts_with("norm3")) bare = "norm" + bare.substr(5);
    else if (bare.starts_with("norm") && bare[4] < '3') continue;
    tensors.emplace_back(bare, tensor.detach());
  }
  tensors.emplace_back("head.weight", at::zeros({10, 64}));
  tensors.emplace_back("layers.0.blocks.0.attn.relative_position_index", at::zeros({4, 4}, at::kLong));
  tensors.emplace_back("stray", at::zeros({1}));
  std::vector<std::pair<std::string, TensorInfo>> infos;
  for (const auto& [name, tensor] : tensors) infos.emplace_back(name, tensor_info(tensor));
  write_safetensors(dir.path() / "swin.safetensors", infos, {});
  return dir.path() / "swin.safetensors";
}

TEST(Weights, OfficialNamesFillTheEncoder) {
  const TemporaryFolder dir;
  const Holder from(4);
  Holder to(4);
  const LoadReport report = load_weights(to, save_official(from, dir), {"encoder"});
  EXPECT_TRUE(at::equal(from.swin->norms[3]->weight, to.swin->norms[3]->weight));
  EXPECT_TRUE(at::equal((*(*from.swin->layers)[2].blocks)[1].attn->qkv->weight,
                        (*(*to.swin->layers)[2].blocks)[1].attn->qkv->weight));
  EXPECT_EQ(report.parts[0].missing.size(), 6u);  // norm0..norm2
  EXPECT_THAT(report.unexpected, testing::ElementsAre("stray"));
  EXPECT_EQ(report.ignored.size(), 2u);
  EXPECT_THAT(report.text(), HasSubstr("encoder.norm0.weight"));
  EXPECT_EQ(windows_of(SafetensorsFile(report.source), "x"), (StageWindows{4, 4, 4, 4}));
}

TEST(Weights, BiasTablesAreResizedAndReported) {
  const TemporaryFolder dir;
  Holder from(4), to(6);
  const at::NoGradGuard no_grad;
  (*(*from.swin->layers)[0].blocks)[0].attn->relative_position_bias_table.fill_(0.25);
  const LoadReport report = load_weights(to, save_official(from, dir), {"encoder"});
  EXPECT_EQ(report.parts[0].resized.size(), 5u);
  const at::Tensor table = (*(*to.swin->layers)[0].blocks)[0].attn->relative_position_bias_table;
  EXPECT_EQ(table.size(0), 121);
  EXPECT_LT((table - 0.25).abs().max().item<double>(), 1e-6);
}

TEST(Weights, WrongShapesAndAbsentPartsAreErrorsThatNameThem) {
  const TemporaryFolder dir;
  const std::filesystem::path file = save_official(Holder(4), dir);
  struct Other : torch::nn::Module {
    Other() {
      register_module(
          "encoder",
          std::make_shared<Swin>(SwinShape{
              .channels = 16, .depths = {1, 1, 2, 1}, .heads = {1, 2, 2, 4}, .windows = {4, 4, 4, 4}, .patch = 1}));
    }
  } other;
  EXPECT_THAT([&] { load_weights(other, file, {"encoder"}); },
              testing::ThrowsMessage<UsageError>(testing::EndsWith("is model.encoder.name right?")));
  Holder same(4);
  EXPECT_THROW(load_weights(same, file, {"decoder"}), UsageError);
  EXPECT_THROW(load_weights(same, dir.path() / "missing.safetensors", {"encoder"}), DataError);
}

// A file without a part that a whole model has.
TEST(Weights, AbsentPartsAreReportedUnlessTheyWereNamed) {
  const TemporaryFolder dir;
  Holder to(4);
  const std::filesystem::path file = save_official(Holder(4), dir);
  const LoadReport report = load_weights(to, file, {"encoder", "decoder"}, AbsentPart::kReport);
  ASSERT_EQ(report.parts.size(), 1u);
  EXPECT_EQ(report.parts[0].part, "encoder");
  EXPECT_THROW(load_weights(to, file, {"bifpn", "decoder"}, AbsentPart::kReport), UsageError);
  EXPECT_THROW(load_weights(to, file, {"encoder", "decoder"}), UsageError);
}

// A model's decoder alone.
struct DecoderHolder : torch::nn::Module {
  explicit DecoderHolder(int64_t layers, const DecoderQueries& queries = {.mask_token = true})
      : decoder(register_module(
            "decoder", std::make_shared<Decoder>(DecoderConfig{.layers = layers, .width = 16, .heads = 2}, queries))) {
    initialise_randomly(*this);
  }
  std::shared_ptr<Decoder> decoder;
};

TEST(Weights, ADecoderOfAnotherDepthIsRefused) {
  const TemporaryFolder dir;
  const DecoderHolder deep(6);
  std::vector<std::pair<std::string, TensorInfo>> infos;
  const NamedTensors tensors = named_parameters(deep);
  for (const auto& [name, tensor] : tensors) infos.emplace_back(name, tensor_info(tensor));
  write_safetensors(dir.path() / "model.safetensors", infos, {});
  for (const int64_t layers : {3, 9}) {
    DecoderHolder other(layers);
    const at::Tensor before = other.decoder->cls_token.detach().clone();
    try {
      load_weights(other, dir.path() / "model.safetensors", {"decoder"});
      FAIL() << layers;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("model.decoder.layers"));
      EXPECT_TRUE(at::equal(other.decoder->cls_token, before));  // nothing was loaded
    }
  }
  DecoderHolder same(6);
  EXPECT_EQ(load_weights(same, dir.path() / "model.safetensors", {"decoder"}).parts[0].missing.size(), 0u);
  EXPECT_TRUE(at::equal(same.decoder->cls_token, deep.decoder->cls_token));
}

TEST(Weights, AFineTunedDecoderTakesClsAndNothingOfMaskToken) {
  const TemporaryFolder dir;
  const DecoderHolder pretrained(3);
  std::vector<std::pair<std::string, TensorInfo>> infos;
  const NamedTensors tensors = named_parameters(pretrained);
  for (const auto& [name, tensor] : tensors) infos.emplace_back(name, tensor_info(tensor));
  write_safetensors(dir.path() / "model.safetensors", infos, {});
  DecoderHolder tuned(3, DecoderQueries{.learned = {4}});
  const LoadReport report = load_weights(tuned, dir.path() / "model.safetensors", {"decoder"});
  EXPECT_TRUE(at::equal(tuned.decoder->cls_token, pretrained.decoder->cls_token));
  EXPECT_THAT(report.ignored, testing::ElementsAre("decoder.mask_token"));
  EXPECT_THAT(report.unexpected, testing::IsEmpty());
  EXPECT_THAT(report.random, testing::ElementsAre("queries (not asked for)"));
  EXPECT_THAT(report.text(), HasSubstr("initial values: queries (not asked for)"));
}

}  // namespace
}  // namespace glid
