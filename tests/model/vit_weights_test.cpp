// ViTs in files of other programs: what is recognised, and where every number goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/model/find_encoder.h"
#include "glid/model/vit.h"
#include "glid/model/weights.h"
#include "support/encoder_files.h"

namespace glid {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

VitShape vit_shape(VitPositions positions, BiasSharing bias) {
  return {.channels = 64,
          .depth = 2,
          .heads = 1,
          .patch = 4,
          .unit = 1,
          .positions = positions,
          .relative_bias = bias,
          .grid = 4};
}

VitShape beit_shape(BiasSharing bias) {
  VitShape shape = vit_shape(VitPositions::kNone, bias);
  shape.heads = 2, shape.layer_scale = 0.1;
  return shape;
}

struct VitHolder : torch::nn::Module {
  explicit VitHolder(const VitShape& shape) : vit(register_module("encoder", std::make_shared<Vit>(shape))) {
    initialise_randomly(*this);
  }
  std::shared_ptr<Vit> vit;
};

NamedTensors parameters_of(const VitHolder& holder) {
  NamedTensors parameters;
  for (const auto& [name, tensor] : named_parameters(*holder.vit)) parameters.emplace_back(name, tensor.detach());
  return parameters;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (const size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

// timm's and DeiT's names, with LayerScale as timm's ViT has it.
NamedTensors timm_tensors(const VitHolder& holder) {
  NamedTensors tensors{{"head.weight", at::zeros({10, 64})}};
  for (auto& [name, tensor] : parameters_of(holder))
    tensors.emplace_back(replaced(replaced(name, "gamma_1", "ls1.gamma"), "gamma_2", "ls2.gamma"), tensor);
  return tensors;
}

NamedTensors mae_tensors(const VitHolder& holder) {
  NamedTensors tensors{{"model.mask_token", at::zeros({1, 1, 32})},
                       {"model.decoder_blocks.0.attn.qkv.weight", at::zeros({96, 32})},
                       {"model.decoder_pos_embed", at::zeros({1, 17, 32})}};
  for (auto& [name, tensor] : parameters_of(holder)) tensors.emplace_back("model." + name, tensor);
  return tensors;
}

NamedTensors beit_tensors(const VitHolder& holder) {
  NamedTensors tensors{{"blocks.0.attn.relative_position_index", at::zeros({17, 17}, at::kLong)}};
  for (auto& [name, tensor] : parameters_of(holder)) {
    if (name.ends_with("qkv.bias")) {
      const auto parts = tensor.chunk(3);
      tensors.emplace_back(replaced(name, "qkv.bias", "q_bias"), parts[0].clone());
      tensors.emplace_back(replaced(name, "qkv.bias", "v_bias"), parts[2].clone());
    } else {
      tensors.emplace_back(replaced(name, "attn.rel_pos_bias.", "attn."), tensor);
    }
  }
  return tensors;
}

void clear_key_biases(const VitHolder& holder) {
  const at::NoGradGuard no_grad;
  for (const auto& block : holder.vit->blocks->items) block->attn->qkv->bias.chunk(3)[1].zero_();
}

struct Written {
  const char* origin;
  VitShape shape;
  NamedTensors (*tensors)(const VitHolder&);
};

class VitFiles : public testing::TestWithParam<Written> {};

TEST_P(VitFiles, LoadWhole) {
  const TemporaryFolder dir;
  const VitHolder from(GetParam().shape);
  if (GetParam().tensors == beit_tensors) clear_key_biases(from);
  const auto file = save(GetParam().tensors(from), dir, "vit");
  const auto found = find_encoder(TensorFile(file), "vit");
  ASSERT_TRUE(found && found->shape.vit());
  EXPECT_EQ(found->origin, GetParam().origin);
  VitHolder to(*found->shape.vit());
  zero(to);
  const LoadReport report = load_weights(to, file, {"encoder"}, {.strict = true});
  EXPECT_THAT(report.parts.at(0).missing, IsEmpty());
  const NamedTensors expected = parameters_of(from), got = parameters_of(to);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].first, expected[i].first);
    EXPECT_TRUE(at::equal(got[i].second, expected[i].second)) << got[i].first;
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, VitFiles,
                         testing::Values(Written{"timm", vit_shape(VitPositions::kLearned, BiasSharing::kNone),
                                                 timm_tensors},
                                         Written{"MAE", vit_shape(VitPositions::kLearned, BiasSharing::kNone), mae_tensors},
                                         Written{"BEiT", beit_shape(BiasSharing::kShared), beit_tensors},
                                         Written{"BEiT", beit_shape(BiasSharing::kEach), beit_tensors}),
                         [](const auto& info) { return info.param.origin + std::to_string(info.index); });

TEST(VitWeights, PositionsAndBiasTablesOfAnotherGridAreResized) {
  const TemporaryFolder dir;
  VitShape shape = beit_shape(BiasSharing::kEach);
  shape.positions = VitPositions::kLearned;
  const VitHolder from(shape);
  shape.grid = 6;
  VitHolder to(shape);
  const LoadReport report = load_weights(to, save(beit_tensors(from), dir), {"encoder"});
  EXPECT_THAT(
      report.parts.at(0).resized,
      testing::UnorderedElementsAre("encoder.pos_embed", "encoder.blocks.0.attn.rel_pos_bias.relative_position_bias_table",
                                    "encoder.blocks.1.attn.rel_pos_bias.relative_position_bias_table"));
  EXPECT_THAT(report.text(), HasSubstr("model.encoder.grid=4 keeps the file's"));
  const auto table = [](const VitHolder& holder) {
    return holder.vit->blocks->items[0]->attn->bias->relative_position_bias_table;
  };
  EXPECT_TRUE(at::equal(table(to).slice(0, -3), table(from).slice(0, -3)));  // those of the class token
  EXPECT_TRUE(at::equal(to.vit->pos_embed.select(1, 0), from.vit->pos_embed.select(1, 0)));
  const at::Tensor centre = table(to)[60], was = table(from)[24];  // distance 0
  EXPECT_TRUE(at::allclose(centre, was, 1e-5, 1e-5));
}

TEST(VitWeights, ARunGivesItsPyramidAndOthersKeepTheirOwn) {
  const TemporaryFolder dir;
  VitShape shape = vit_shape(VitPositions::kSinCos, BiasSharing::kNone);
  const VitHolder patches(shape);
  shape.unit = 2;
  const VitHolder units(shape);
  VitHolder to(shape);
  NamedTensors ours = named_parameters(units);
  for (auto& [name, tensor] : ours) tensor = tensor.detach();
  const auto file = save(ours, dir, "ours");
  const auto found = find_encoder(TensorFile(file), "ours");
  EXPECT_EQ(found->dialect, Dialect::kGlid);
  EXPECT_TRUE(found->shape.has_pyramid());
  EXPECT_EQ(found->shape.vit()->positions, VitPositions::kSinCos);
  load_weights(to, file, {"encoder"}, {.strict = true});
  EXPECT_TRUE(at::equal(to.vit->pyramid->half->weight, units.vit->pyramid->half->weight));
  const LoadReport report = load_weights(to, save(timm_tensors(patches), dir, "timm"), {"encoder"});
  EXPECT_THAT(report.parts.at(0).kept, testing::Contains("encoder.pyramid.half.weight"));
  EXPECT_TRUE(at::equal(to.vit->pyramid->half->weight, units.vit->pyramid->half->weight));
}

TEST(VitWeights, AnotherSizeAndAContradictionAreRefused) {
  const TemporaryFolder dir;
  VitHolder to(vit_shape(VitPositions::kLearned, BiasSharing::kNone));
  VitShape tiny{.channels = 192, .depth = 6, .heads = 3, .patch = 8, .unit = 1, .grid = 12};
  EXPECT_THAT(
      [&] { load_weights(to, save(timm_tensors(VitHolder(tiny)), dir), {"encoder"}); },
      testing::ThrowsMessage<UsageError>(HasSubstr("(got tiny_vit); the model is ViT of 64 channels, 2 blocks, 1 heads; "
                                                   "model.encoder.name=tiny_vit takes it")));
  NamedTensors tensors = timm_tensors(to);
  for (auto& [name, tensor] : tensors)
    if (name == "pos_embed") tensor = at::zeros({1, 19, 64});
  EXPECT_THAT([&] { find_encoder(TensorFile(save(tensors, dir)), "vit"); },
              testing::ThrowsMessage<DataError>(HasSubstr("pos_embed: is of no shape that an encoder has")));
}

}  // namespace
}  // namespace glid
