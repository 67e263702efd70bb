// Against references outside this project; scripts/parity wrote the files.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "glid/model/model_config.h"
#include "support/formula_weights.h"
#include "support/golden.h"
#include "support/plans.h"

namespace glid {
namespace {

void fill_by_formula(torch::nn::Module& module, const std::string& prefix) {
  const at::NoGradGuard no_grad;
  for (auto& [name, parameter] : named_parameters(module)) parameter.copy_(formula_tensor(prefix + name, parameter.sizes()));
}

ImageRun whole_images(int64_t batch, int64_t height, int64_t width, const SwinShape& shape) {
  const SamplePlan sample = plan_whole_image({height / shape.unit_px(), width / shape.unit_px()}, shape.windows);
  return run_of(std::vector<SamplePlan>(static_cast<size_t>(batch), sample));
}

class SwinGolden : public testing::TestWithParam<const char*> {};

TEST_P(SwinGolden, StagesAndGradientsEqualTheReference) {
  const Json golden = read_golden(std::string("swin/") + GetParam() + ".json");
  SwinShape shape = swin_preset(EncoderName::kSwinT);
  shape.windows.fill(golden.at("window").as_int());
  Swin swin(shape);
  fill_by_formula(swin, "encoder.");
  const int64_t batch = golden.at("batch").as_int(), height = golden.at("height").as_int(),
                width = golden.at("width").as_int();
  const at::Tensor image = formula_tensor("input", {batch, 3, height, width}).requires_grad_();
  const ImageRun run = whole_images(batch, height, width, shape);
  const at::Tensor units = to_units(image.permute({0, 2, 3, 1}).contiguous(), shape.unit_px());
  const auto tokens = swin.forward(units, {.plan = {{run}}});

  at::Tensor loss = at::zeros({});
  for (int stage = 0; stage < kNumStages; ++stage) {
    const at::Tensor map = to_image(tokens[stage], *run.plan, stage).contiguous();
    const std::string name = "stage" + std::to_string(stage + 1);
    expect_matches(golden.at("stages").as_array()[static_cast<size_t>(stage)], map, 1e-5, name);
    loss = loss + (map * formula_tensor("probe." + name, map.sizes())).mean();
  }
  EXPECT_NEAR(loss.item<double>(), golden.at("loss").as_double(), 1e-6);
  loss.backward();
  expect_matches_relative(golden.at("input_gradient"), image.grad(), 1e-5, "input gradient");
  for (const auto& [name, gradient] : golden.at("weight_gradients").as_object())
    expect_matches_relative(gradient, swin.named_parameters()[name].grad(), 2e-5, name);
}

INSTANTIATE_TEST_SUITE_P(SwinT, SwinGolden,
                         testing::Values("swint_w7_224", "swint_w7_256", "swint_w7_256x192", "swint_w12_192",
                                         "swint_w12_384"),
                         [](const auto& info) { return std::string(info.param); });

TEST(PositionGolden, TablesEqualTheReference) {
  const Json golden = read_golden("positions.json");
  for (const Json& table : golden.at("tables").as_array()) {
    const PositionKind kind = table.at("kind").as_string() == "sine" ? PositionKind::kSine : PositionKind::kFourier;
    const int64_t size = table.at("size").as_int(), channels = table.at("channels").as_int();
    const GridExtent extent{size, size, static_cast<double>(size), static_cast<double>(size)};
    expect_matches(table.at("table"), position_vectors(kind, at::arange(size * size), extent, channels), 1e-6,
                   table.at("kind").as_string());
  }
}

ModelShape tiny_shape() {
  ModelConfig config;
  config.encoder.size = TinySwin{};
  config.bifpn = {.width = 96, .cells = 1};
  config.decoder = {.layers = 3, .width = 96, .heads = 3, .norm = NormOrder::kPre};
  return config.shape();
}

// The whole model on a mask, against the Python twin of scripts/parity/glid_eager.py.
TEST(TinyGolden, PredictionEqualsThePythonTwin) {
  const Json golden = read_golden("tiny.json");
  const ModelShape shape = tiny_shape();
  Glid model(shape, {.heads = {{"pixels", 768}}, .queries = {.mask_token = true}});
  fill_by_formula(model, "");
  std::vector<SamplePlan> samples;
  for (const Json& units : golden.at("visible").as_array()) {
    std::vector<int64_t> visible;
    for (const Json& unit : units.as_array()) visible.push_back(unit.as_int());
    samples.push_back(plan_sample({6, 6}, visible, shape.encoder.windows()));
  }
  std::vector<int64_t> image_shape;
  for (const Json& n : golden.at("images_shape").as_array()) image_shape.push_back(n.as_int());
  const View view{.plan = {{run_of(samples)}}};
  const std::vector<Query> query{{.asked = HiddenUnits{hidden_cells(view.plan)}, .images = view.plan.all()}};
  const at::Tensor units = to_units(formula_tensor("input", image_shape), shape.encoder.unit_px());
  const at::Tensor answer = model.forward(units, view, query)[0].at("pixels")[0];
  expect_matches(golden.at("prediction"), answer.narrow(1, 1, 27).reshape({-1, 768}), 2e-5, "prediction");
}

}  // namespace
}  // namespace glid
