#include "glid/model/weights.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/model/decoder.h"
#include "glid/model/dialect.h"
#include "support/encoder_files.h"

namespace glid {
namespace {

using testing::HasSubstr;

std::filesystem::path save_official(const Holder& holder, const TemporaryFolder& dir) {
  NamedTensors tensors = official_tensors(holder);
  tensors.emplace_back("stray", at::zeros({1}));
  return save(tensors, dir);
}

TEST(Weights, OfficialNamesFillTheEncoder) {
  const TemporaryFolder dir;
  const Holder from(4);
  EmptyHolder to(4);
  const LoadReport report = load_weights(to, save_official(from, dir), {"encoder"});
  EXPECT_TRUE(at::equal(from.swin->norms[3]->weight, to.swin->norms[3]->weight));
  EXPECT_TRUE(at::equal((*(*from.swin->layers)[2].blocks)[1].attn->qkv->weight,
                        (*(*to.swin->layers)[2].blocks)[1].attn->qkv->weight));
  EXPECT_EQ(report.parts[0].kept.size(), 6u);  // norm0..norm2
  EXPECT_EQ(report.parts[0].renamed, 2);       // norm to norm3
  EXPECT_THAT(report.unexpected, testing::ElementsAre("stray"));
  EXPECT_EQ(report.ignored.size(), 2u);
  EXPECT_THAT(report.text(), HasSubstr("encoder.norm0.weight"));
  EXPECT_THAT(report.text(),
              HasSubstr("official Swin's names; Swin of 8 channels, blocks 1-1-2-1, heads 1-2-2-4, window 4"));
}

TEST(Weights, BiasTablesAreResizedAndReported) {
  const TemporaryFolder dir;
  Holder from(4);
  EmptyHolder to(6);
  const at::NoGradGuard no_grad;
  (*(*from.swin->layers)[0].blocks)[0].attn->relative_position_bias_table.fill_(0.25);
  const LoadReport report = load_weights(to, save_official(from, dir), {"encoder"});
  EXPECT_EQ(report.parts[0].resized.size(), 5u);
  const at::Tensor table = (*(*to.swin->layers)[0].blocks)[0].attn->relative_position_bias_table;
  EXPECT_EQ(table.size(0), 121);
  EXPECT_LT((table - 0.25).abs().max().item<double>(), 1e-6);
  EXPECT_THAT(report.text(), HasSubstr("model.encoder.window=[4,4,4,4] keeps the file's windows"));
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
              testing::ThrowsMessage<UsageError>(testing::HasSubstr("another size")));
  EmptyHolder same(4);
  EXPECT_THROW(load_weights(same, file, {"decoder"}), UsageError);
  EXPECT_THROW(load_weights(same, dir.path() / "missing.safetensors", {"encoder"}), DataError);
}

// A file without a part that a whole model has.
TEST(Weights, AbsentPartsAreReportedUnlessTheyWereNamed) {
  const TemporaryFolder dir;
  EmptyHolder to(4);
  const std::filesystem::path file = save_official(Holder(4), dir);
  const LoadReport report = load_weights(to, file, {"encoder", "decoder"}, {AbsentPart::kReport});
  ASSERT_EQ(report.parts.size(), 1u);
  EXPECT_EQ(report.parts[0].part, "encoder");
  EXPECT_THROW(load_weights(to, file, {"bifpn", "decoder"}, {AbsentPart::kReport}), UsageError);
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

// Other programs' files have an encoder only, whatever parts are asked for.
TEST(Weights, AForeignFileGivesItsEncoderAndTheRestIsReported) {
  struct Model : Holder {
    Model() : Holder(4) {
      register_module("decoder", std::make_shared<Decoder>(DecoderConfig{.layers = 3, .width = 16, .heads = 2},
                                                           DecoderQueries{.learned = {4}}));
      zero(*this);
    }
  };
  const Holder from(4);
  for (const Dialect dialect : {Dialect::kOfficial, Dialect::kTimm, Dialect::kHuggingFace, Dialect::kTorchvision}) {
    const TemporaryFolder dir;
    const std::filesystem::path file = save(to_dialect(dialect, parameters_of(from)).tensors, dir);
    Model to;
    const LoadReport report = load_weights(to, file, {"encoder", "decoder", "queries"}, {AbsentPart::kReport});
    ASSERT_EQ(report.parts.size(), 1u);
    EXPECT_THAT(report.random, testing::ElementsAre("decoder (not in the file)", "queries (not in the file)"));
    EXPECT_TRUE(at::equal(to.swin->norms[3]->weight, from.swin->norms[3]->weight));
    EXPECT_THAT(
        [&] {
          load_weights(to, file, {"encoder", "decoder"});
        },
        testing::ThrowsMessage<UsageError>(HasSubstr("holds no tensor that the model's part 'decoder' has")));
  }
}

TEST(Weights, ADecoderOfAnotherDepthIsRefused) {
  const TemporaryFolder dir;
  const DecoderHolder deep(6);
  save(named_parameters(deep), dir, "model");
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
  zero(same);
  EXPECT_EQ(load_weights(same, dir.path() / "model.safetensors", {"decoder"}).parts[0].missing.size(), 0u);
  EXPECT_TRUE(at::equal(same.decoder->cls_token, deep.decoder->cls_token));
}

TEST(Weights, AFineTunedDecoderTakesClsAndNothingOfMaskToken) {
  const TemporaryFolder dir;
  const DecoderHolder pretrained(3);
  save(named_parameters(pretrained), dir, "model");
  DecoderHolder tuned(3, DecoderQueries{.learned = {4}});
  zero(tuned);
  const LoadReport report = load_weights(tuned, dir.path() / "model.safetensors", {"decoder"});
  EXPECT_TRUE(at::equal(tuned.decoder->cls_token, pretrained.decoder->cls_token));
  EXPECT_THAT(report.ignored, testing::ElementsAre("decoder.mask_token"));
  EXPECT_THAT(report.unexpected, testing::IsEmpty());
  EXPECT_THAT(report.random, testing::ElementsAre("queries (not asked for)"));
  EXPECT_THAT(report.text(), HasSubstr("initial values: queries (not asked for)"));
}

void expect_equal(const Holder& a, const Holder& b) {
  const NamedTensors left = parameters_of(a), right = parameters_of(b);
  for (size_t i = 0; i < left.size(); ++i) EXPECT_TRUE(at::equal(left[i].second, right[i].second)) << left[i].first;
}

// Written in a dialect and read again, nothing is lost, whatever the file is wrapped in.
TEST(Weights, EveryDialectIsReadAsItIsWritten) {
  for (const Dialect dialect : {Dialect::kGlid, Dialect::kOfficial, Dialect::kHuggingFace, Dialect::kTransformers})
    for (const std::string prefix : {"", "module.", "model.backbone."}) {
      const TemporaryFolder dir;
      const Holder from(4);
      EmptyHolder to(4);
      NamedTensors tensors;
      for (const auto& [name, tensor] : to_dialect(dialect, parameters_of(from)).tensors)
        tensors.emplace_back(prefix + name, tensor);
      const LoadReport report = load_weights(to, save(tensors, dir), {"encoder"}, {.strict = true});
      expect_equal(from, to);
      EXPECT_TRUE(report.parts[0].missing.empty() && report.parts[0].kept.empty()) << report.text();
    }
}

// Of timm and torchvision the norms of the first stages have no place.
TEST(Weights, WhatADialectHasNoPlaceForKeepsItsValues) {
  for (const Dialect dialect : {Dialect::kTimm, Dialect::kTorchvision, Dialect::kTimmFeatures}) {
    const bool has_last_norm = dialect != Dialect::kTimmFeatures;
    const size_t num_left_out = has_last_norm ? 6 : 8;
    const TemporaryFolder dir;
    const Holder from(4);
    EmptyHolder to(4);
    const ForeignTensors foreign = to_dialect(dialect, parameters_of(from));
    EXPECT_EQ(foreign.left_out.size(), num_left_out);
    const LoadReport report = load_weights(to, save(foreign.tensors, dir), {"encoder"}, {.strict = true});
    EXPECT_EQ(report.parts[0].kept.size(), num_left_out);
    EXPECT_TRUE(at::equal((*(*from.swin->layers)[1].blocks)[0].attn->qkv->weight,
                          (*(*to.swin->layers)[1].blocks)[0].attn->qkv->weight));
    EXPECT_TRUE(at::equal((*from.swin->layers)[2].downsample->reduction->weight,
                          (*to.swin->layers)[2].downsample->reduction->weight));
    EXPECT_EQ(at::equal(from.swin->norms[3]->weight, to.swin->norms[3]->weight), has_last_norm);
  }
}

TEST(Weights, StrictRefusesStraysAndWhatIsMissingBeforeAnythingIsCopied) {
  const TemporaryFolder dir;
  const Holder from(4);
  EmptyHolder to(4);
  const at::Tensor before = to.swin->norms[3]->weight.detach().clone();
  EXPECT_THAT([&] { load_weights(to, save_official(from, dir), {"encoder"}, {.strict = true}); },
              testing::ThrowsMessage<DataError>(HasSubstr("stray")));
  NamedTensors tensors = official_tensors(from);
  std::erase_if(tensors, [](const auto& tensor) { return tensor.first == "patch_embed.norm.bias"; });
  EXPECT_THAT([&] { load_weights(to, save(tensors, dir), {"encoder"}, {.strict = true}); },
              testing::ThrowsMessage<DataError>(HasSubstr("encoder.patch_embed.norm.bias")));
  EXPECT_TRUE(at::equal(to.swin->norms[3]->weight, before));
}

TEST(Weights, AMisspeltTensorIsNamedBesideTheMissingOne) {
  const TemporaryFolder dir;
  EmptyHolder to(4);
  NamedTensors tensors = official_tensors(Holder(4));
  for (auto& [name, tensor] : tensors)
    if (name == "patch_embed.norm.bias") name = "patch_embed.nrom.bias";
  const LoadReport report = load_weights(to, save(tensors, dir), {"encoder"});
  EXPECT_THAT(report.text(), HasSubstr("instead of patch_embed.norm.bias the file has patch_embed.nrom.bias"));
}

// transformers' SwinBackbone keeps a final norm that it doesn't use; official files may have norm3 and norm.
TEST(Weights, ASecondFinalNormIsNoStray) {
  for (const auto& [dialect, second] :
       {std::pair{Dialect::kHuggingFace, "swin.layernorm"}, std::pair{Dialect::kHuggingFace, "layernorm"},
        std::pair{Dialect::kOfficial, "norm"}}) {
    const TemporaryFolder dir;
    const Holder from(4);
    EmptyHolder to(4);
    NamedTensors tensors = to_dialect(dialect, parameters_of(from)).tensors;
    std::erase_if(tensors, [](const auto& tensor) {
      return tensor.first.starts_with("layernorm.") || tensor.first.starts_with("norm.");
    });
    for (const char* end : {".weight", ".bias"}) tensors.emplace_back(second + std::string(end), at::ones({64}));
    load_weights(to, save(tensors, dir), {"encoder"}, {.strict = true});
    EXPECT_TRUE(at::equal(to.swin->norms[3]->weight, from.swin->norms[3]->weight)) << second;
  }
}

TEST(Weights, NumbersThatAreNotFiniteAreWarnedOf) {
  const TemporaryFolder dir;
  EmptyHolder to(4);
  NamedTensors tensors = official_tensors(Holder(4));
  EXPECT_TRUE(load_weights(to, save(tensors, dir), {"encoder"}).not_finite.empty());
  for (auto& [name, tensor] : tensors)
    if (name == "patch_embed.norm.bias") tensor = at::full_like(tensor, std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(load_weights(to, save(tensors, dir), {"encoder"}).text(),
              HasSubstr("WARNING: NaN or infinity in: encoder.patch_embed.norm.bias"));
}

TEST(Weights, IntegersAreNoWeights) {
  const TemporaryFolder dir;
  EmptyHolder to(4);
  NamedTensors tensors = official_tensors(Holder(4));
  for (auto& [name, tensor] : tensors)
    if (name == "layers.2.blocks.1.mlp.fc2.weight") tensor = tensor.to(at::kChar);
  EXPECT_THAT([&] { load_weights(to, save(tensors, dir), {"encoder"}); },
              testing::ThrowsMessage<UsageError>(HasSubstr("layers.2.blocks.1.mlp.fc2.weight: has numbers that no weight")));
}

TEST(Weights, HalvesAreTakenByTheirValues) {
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16, at::kDouble, at::kFloat8_e4m3fn}) {
    const TemporaryFolder dir;
    const Holder from(4);
    EmptyHolder to(4);
    NamedTensors tensors = official_tensors(from);
    for (auto& [name, tensor] : tensors)
      if (tensor.is_floating_point()) tensor = tensor.to(type);
    load_weights(to, save(tensors, dir), {"encoder"});
    const at::Tensor& weight = (*(*from.swin->layers)[2].blocks)[1].mlp->fc1->weight;
    EXPECT_TRUE(at::equal(weight.to(type).to(at::kFloat), (*(*to.swin->layers)[2].blocks)[1].mlp->fc1->weight)) << type;
  }
}

// A stage's norm is whole or not there.
TEST(Weights, HalfANormIsMissing) {
  const TemporaryFolder dir;
  EmptyHolder to(4);
  NamedTensors tensors = to_dialect(Dialect::kOfficial, parameters_of(Holder(4))).tensors;
  std::erase_if(tensors, [](const auto& tensor) { return tensor.first == "norm1.bias"; });
  const LoadReport report = load_weights(to, save(tensors, dir), {"encoder"});
  EXPECT_THAT(report.parts[0].missing, testing::ElementsAre("encoder.norm1.bias"));
  EXPECT_TRUE(report.parts[0].kept.empty());
}

TEST(Weights, BiasTablesAreResizedAsAsked) {
  const TemporaryFolder dir;
  const Holder from(4);
  EmptyHolder bicubic(6), geometric(6);
  const std::filesystem::path file = save_official(from, dir);
  load_weights(bicubic, file, {"encoder"});
  load_weights(geometric, file, {"encoder"}, {.bias_tables = BiasResize::kGeometric});
  const auto table = [](const Holder& holder) {
    return (*(*holder.swin->layers)[1].blocks)[0].attn->relative_position_bias_table;
  };
  EXPECT_TRUE(at::equal(table(bicubic), resize_bias_table(table(from), 6, BiasResize::kBicubic)));
  EXPECT_TRUE(at::equal(table(geometric), resize_bias_table(table(from), 6, BiasResize::kGeometric)));
  EXPECT_FALSE(at::equal(table(bicubic), table(geometric)));
  const Holder small(2);
  EXPECT_THAT(
      [&] { load_weights(geometric, save_official(small, dir), {"encoder"}, {.bias_tables = BiasResize::kGeometric}); },
      testing::ThrowsMessage<UsageError>(HasSubstr("too small a bias table for a spline (got window 2); take bicubic")));
}

// Names from a file reach the terminal.
TEST(Weights, NamesAreShownWithoutControlCharacters) {
  const TemporaryFolder dir;
  EmptyHolder to(4);
  NamedTensors tensors = official_tensors(Holder(4));
  tensors.emplace_back("stray\x1b[2J", at::zeros({1}));
  tensors.emplace_back("long" + std::string(5000, 'x'), at::zeros({1}));
  const std::string text = load_weights(to, save(tensors, dir), {"encoder"}).text();
  EXPECT_THAT(text, HasSubstr("stray?[2J"));
  EXPECT_THAT(text, testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, testing::Not(HasSubstr(std::string(1000, 'x'))));
}

}  // namespace
}  // namespace glid
