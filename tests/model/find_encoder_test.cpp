#include "glid/model/find_encoder.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/model/model_config.h"
#include "glid/model/weights.h"
#include "support/encoder_files.h"

namespace glid {
namespace {

using testing::HasSubstr;

TEST(FindEncoder, QueryKeyAndValueMustAgree) {
  const TemporaryFolder dir;
  EmptyHolder to(4);
  for (const at::Tensor& wrong : {at::zeros({8, 7}), at::zeros({}), at::zeros({8})}) {
    NamedTensors tensors = to_dialect(Dialect::kHuggingFace, parameters_of(Holder(4))).tensors;
    for (auto& [name, tensor] : tensors)
      if (name == "encoder.layers.0.blocks.0.attention.self.key.weight") tensor = wrong;
    EXPECT_THAT([&] { load_weights(to, save(tensors, dir), {"encoder"}); },
                testing::ThrowsMessage<DataError>(HasSubstr("attention.self.key.weight: has another shape")));
  }
}

TEST(FindEncoder, OfSeveralEncodersTheTeacherIsTakenAndSaidSo) {
  const TemporaryFolder dir;
  const Holder teacher(4);
  const EmptyHolder student(4);
  EmptyHolder to(4);
  NamedTensors tensors;
  for (const auto& [name, tensor] : official_tensors(student)) tensors.emplace_back("student.module." + name, tensor);
  for (const auto& [name, tensor] : official_tensors(teacher)) tensors.emplace_back("teacher.backbone." + name, tensor);
  const LoadReport report = load_weights(to, save(tensors, dir), {"encoder"});
  EXPECT_TRUE(at::equal(to.swin->norms[3]->weight, teacher.swin->norms[3]->weight));
  EXPECT_THAT(report.text(), HasSubstr("EsViT's names under 'teacher.backbone.'"));
  EXPECT_THAT(report.text(), HasSubstr("further encoders, which are not taken, under student.module."));
}

// Of two encoders in a file that under `meant`, though the other stands first.
void expect_taken(const std::string& meant, const std::string& other) {
  const TemporaryFolder dir;
  const Holder taken(4);
  const EmptyHolder left(4);
  EmptyHolder to(4);
  NamedTensors tensors;
  for (const auto& [name, tensor] : official_tensors(left)) tensors.emplace_back(other + name, tensor);
  for (const auto& [name, tensor] : official_tensors(taken)) tensors.emplace_back(meant + name, tensor);
  load_weights(to, save(tensors, dir), {"encoder"});
  EXPECT_TRUE(at::equal(to.swin->norms[3]->weight, taken.swin->norms[3]->weight)) << other;
}

// "ema" is a part of other words too.
TEST(FindEncoder, AveragesAreTakenLast) {
  for (const auto& [weights, average] :
       {std::pair{"model.", "model_ema."}, std::pair{"state_dict.", "ema_state_dict."},
        std::pair{"semantic.backbone.", "ema.backbone."}, std::pair{"encoder_q.", "encoder_k."}})
    expect_taken(weights, average);
}

TEST(FindEncoder, AnotherSizeIsNamedWithTheOptionThatTakesIt) {
  const TemporaryFolder dir;
  struct Sized : torch::nn::Module {
    explicit Sized(EncoderName name) { register_module("encoder", std::make_shared<Swin>(swin_preset(name))); }
  } tiny(EncoderName::kTiny), swint(EncoderName::kSwinT);
  const std::filesystem::path file = save(named_parameters(tiny), dir);
  EXPECT_THAT([&] { load_weights(swint, file, {"encoder"}); },
              testing::ThrowsMessage<UsageError>(HasSubstr("(got tiny, window 6); the model is swint, window 7; "
                                                           "model.encoder.name=tiny takes it")));
}

TEST(FindEncoder, OtherArchitecturesAreNamed) {
  const TemporaryFolder dir;
  EmptyHolder to(4);
  const auto message = [&](const std::string& name) {
    return [&, name] { load_weights(to, save({{name, at::zeros({2, 2})}}, dir), {"encoder"}); };
  };
  for (const char* name : {"layers.0.blocks.0.attn.logit_scale", "backbone.layers.0.blocks.0.attn.cpb_mlp.0.weight",
                           "encoder.layers.0.blocks.0.attention.self.continuous_position_bias_mlp.0.weight"})
    EXPECT_THAT(message(name), testing::ThrowsMessage<UsageError>(HasSubstr("is a Swin v2"))) << name;
  for (const char* name : {"embeddings.cls_token", "vit.embeddings.cls_token"})
    EXPECT_THAT(message(name), testing::ThrowsMessage<UsageError>(HasSubstr("is a ViT in names that are not known")))
        << name;
  EXPECT_THAT(message("model.blocks.0.attn.qkv.weight"),
              testing::ThrowsMessage<DataError>(HasSubstr("lacks a tensor of the encoder (got patch_embed.proj.weight)")));
  EXPECT_THAT(message("conv1.weight"), testing::ThrowsMessage<UsageError>(HasSubstr("the first is conv1.weight")));
}

// Nothing larger than the file says is ever made of it.
TEST(FindEncoder, AnEncoderThatContradictsItselfIsRefused) {
  const TemporaryFolder dir;
  EmptyHolder to(4);
  for (const auto& [name, tensor] : NamedTensors{{"patch_embed.proj.weight", at::zeros({1 << 20, 3, 1, 1})},
                                                 {"layers.0.blocks.0.attn.relative_position_bias_table", at::zeros({48, 1})},
                                                 {"layers.0.blocks.0.attn.relative_position_bias_table", at::zeros({49, 0})},
                                                 {"layers.2.blocks.0.mlp.fc1.weight", at::zeros({4})}}) {
    NamedTensors tensors = official_tensors(Holder(4));
    for (auto& [known, value] : tensors)
      if (known == name) value = tensor;
    EXPECT_THAT([&] { load_weights(to, save(tensors, dir), {"encoder"}); },
                testing::ThrowsMessage<DataError>(HasSubstr("is of no shape that an encoder has")))
        << name << tensor.sizes();
  }
}

// What an optimizer keeps of weights has their names.
TEST(FindEncoder, MomentsAndGradientsAreNoWeights) {
  for (const char* other : {"exp_avg.", "optimizer.exp_avg_sq.", "grads.", "momentum_buffer.", "something."})
    expect_taken("model.", other);
}

// A lost tensor doesn't make the encoder shorter.
TEST(FindEncoder, ABlockThatIsThereInPartCounts) {
  const TemporaryFolder dir;
  NamedTensors tensors = official_tensors(Holder(4));
  for (auto& [name, tensor] : tensors)
    if (name == "layers.2.blocks.1.mlp.fc1.weight") name = "layers.2.blocks.1.mlp.fcl.weight";
  EXPECT_THAT([&] { find_encoder(TensorFile(save(tensors, dir)), "file"); },
              testing::ThrowsMessage<DataError>(
                  HasSubstr("file: lacks a tensor of the encoder (got layers.2.blocks.1.mlp.fc1.weight)")));
}

// transformers' MaskFormer has the norms of the stages by numbers, beside the model.
TEST(FindEncoder, NormsOfTransformersMaskFormer) {
  const TemporaryFolder dir;
  const Holder from(4);
  EmptyHolder to(4);
  NamedTensors tensors;
  for (const auto& [name, tensor] : to_dialect(Dialect::kHuggingFace, parameters_of(from)).tensors) {
    constexpr std::string_view kNorms = "hidden_states_norms.stage";
    if (name.starts_with("layernorm.")) tensors.emplace_back("encoder.model." + name, at::ones({64}));
    else if (!name.starts_with(kNorms)) tensors.emplace_back("encoder.model." + name, tensor);
    else
      tensors.emplace_back(
          format("encoder.hidden_states_norms.{}{}", name[kNorms.size()] - '1', name.substr(kNorms.size() + 1)), tensor);
  }
  load_weights(to, save(tensors, dir), {"encoder"}, {.strict = true});
  for (int stage = 0; stage < kNumStages; ++stage)
    EXPECT_TRUE(at::equal(to.swin->norms[stage]->weight, from.swin->norms[stage]->weight)) << stage;
}

}  // namespace
}  // namespace glid
