// Encoders in the names of public libraries give the maps of these libraries (scripts/parity/make_dialect_goldens.py and
// make_vit_goldens.py).
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/formats/safetensors.h"
#include "glid/model/file_tensors.h"
#include "glid/model/find_encoder.h"
#include "glid/model/weights.h"
#include "support/formula_weights.h"
#include "support/golden.h"
#include "support/plans.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

const Json& goldens() {
  static const Json goldens = read_golden("dialects.json");
  return goldens;
}

// A file with the library's names, all values by formula; of buffers the values don't matter.
void write_formula_file(const std::filesystem::path& file, const Json& tensors) {
  NamedTensors values;
  for (const Json& entry : tensors.as_array()) {
    const Json::Array& fields = entry.as_array();
    std::vector<int64_t> shape;
    for (const Json& size : fields[1].as_array()) shape.push_back(size.as_int());
    const std::string& name = fields[0].as_string();
    values.emplace_back(name, fields[2].as_string() == "F32" ? formula_tensor(name, shape) : at::zeros(shape, at::kLong));
  }
  SafetensorsWriter::Tensors infos;
  for (const auto& [name, tensor] : values) infos.emplace_back(name, tensor_info(tensor));
  write_safetensors(file, infos, {});
}

// The stage maps [1, C, H, W] of a picture by formula.
std::vector<at::Tensor> maps_of(const Swin& encoder, int64_t size) {
  const at::NoGradGuard no_grad;
  const int64_t units = size / encoder.shape.unit_px();
  const ImageRun run = run_of({plan_whole_image({units, units}, encoder.shape.windows)});
  const at::Tensor image = formula_tensor("input", {1, 3, size, size}).permute({0, 2, 3, 1}).contiguous();
  const StageTokens tokens = encoder.forward(to_units(image, encoder.shape.unit_px()), {.plan = {{run}}});
  std::vector<at::Tensor> maps;
  for (int stage = 0; stage < kNumStages; ++stage) maps.push_back(to_image(tokens[stage], *run.plan, stage));
  return maps;
}

struct DialectCase {
  const char *name, *origin, *prefix;
};
class DialectGolden : public testing::TestWithParam<DialectCase> {};

TEST_P(DialectGolden, MapsEqualTheLibrarys) {
  const Json& golden = goldens().at(GetParam().name);
  const TemporaryFolder dir;
  const std::filesystem::path file = dir.path() / "weights.safetensors";
  write_formula_file(file, golden.at("tensors"));
  const FoundEncoder found = find_encoder(TensorFile(file), "file").value();
  EXPECT_EQ(found.origin, GetParam().origin);
  EXPECT_EQ(found.prefix, GetParam().prefix);
  torch::nn::Module model;
  const auto encoder = model.register_module("encoder", std::make_shared<Swin>(*found.shape.swin()));
  const LoadReport report = load_weights(model, file, {"encoder"});
  EXPECT_TRUE(report.parts[0].missing.empty()) << report.text();
  const std::vector<at::Tensor> maps = maps_of(*encoder, goldens().at("size").as_int());
  for (size_t stage = 0; stage < maps.size(); ++stage)
    expect_matches_relative(golden.at("stages").as_array()[stage], maps[stage], 1e-5, "stage" + std::to_string(stage + 1));
}

INSTANTIATE_TEST_SUITE_P(
    Libraries, DialectGolden,
    testing::Values(DialectCase{"official", "official Swin", ""}, DialectCase{"timm", "timm", ""},
                    DialectCase{"timm features", "timm features_only", ""}, DialectCase{"hf", "Hugging Face", ""},
                    DialectCase{"hf classifier", "Hugging Face", "swin."},
                    DialectCase{"hf state_dict", "transformers 5", ""}, DialectCase{"hf backbone", "Hugging Face", ""},
                    DialectCase{"torchvision", "torchvision", ""}, DialectCase{"openmmlab", "OpenMMLab", "backbone."},
                    DialectCase{"mask2former", "Mask2Former", "backbone."}, DialectCase{"simmim", "SimMIM", "encoder."},
                    DialectCase{"esvit", "EsViT", "teacher."}, DialectCase{"mixmim", "MixMIM", ""}),
    [](const auto& info) {
      std::string name = info.param.name;
      std::ranges::replace(name, ' ', '_');
      return name;
    });

// The view of one image of whose patches some are seen, or all.
View view_of_patches(const Json& visible, int64_t side) {
  const UnitGrid grid{side, side};
  if (visible.is_null()) return {.plan = {{run_of({plan_whole_image(grid, {})})}}};
  std::vector<int64_t> seen;
  for (const Json& patch : visible.as_array()) seen.push_back(patch.as_int());
  return {.plan = {{run_of({plan_sample(grid, seen, {})})}}};
}

class VitGolden : public testing::TestWithParam<const char*> {};

TEST_P(VitGolden, TokensEqualTheLibrarys) {
  const Json goldens = read_golden("vit.json");
  const Json& golden = goldens.at(GetParam());
  const TemporaryFolder dir;
  const std::filesystem::path file = dir.path() / "weights.safetensors";
  write_formula_file(file, golden.at("tensors"));
  const FoundEncoder found = find_encoder(TensorFile(file), "file").value();
  EXPECT_EQ(found.origin, golden.at("origin").as_string());
  torch::nn::Module model;
  const auto encoder = model.register_module("encoder", make_encoder(found.shape));
  load_weights(model, file, {"encoder"}, {.strict = true});
  const at::NoGradGuard no_grad;
  const int64_t size = golden.at("size").as_int(), patch = found.shape.patch();
  const at::Tensor image = formula_tensor("input", {1, 3, size, size}).permute({0, 2, 3, 1}).contiguous();
  const LastTokens last = encoder->last_tokens(to_units(image, patch), view_of_patches(golden.at("visible"), size / patch));
  expect_matches_relative(golden.at("tokens"), last.tokens.unsqueeze(0), 1e-5, "tokens");
  expect_matches_relative(golden.at("cls"), last.cls, 1e-5, "cls");
}

INSTANTIATE_TEST_SUITE_P(Libraries, VitGolden, testing::Values("vit", "vit layer_scale", "beit", "beit shared", "mae"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace glid
