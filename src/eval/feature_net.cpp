#include "glid/eval/feature_net.h"

#include <ATen/ATen.h>

#include <optional>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/log.h"
#include "glid/formats/tensor_file.h"
#include "glid/model/find_encoder.h"
#include "glid/model/init.h"
#include "glid/model/model_config.h"
#include "glid/model/weights.h"

namespace glid {
namespace {

// That of the file, which must be that of the name if there is one.
EncoderShape shape_of(const FeatureWeights& weights) {
  const std::string where = weights.file.string();
  const std::optional<FoundEncoder> found = find_encoder(TensorFile(weights.file), where);
  if (!found) throw DataError(where, "holds no encoder in names that are known", {}, "docs/weights.md has the list");
  if (weights.model.empty()) return found->shape;
  require_same_size(*found, encoder_preset(config::parse_name<EncoderName>("--model", weights.model)), where, "--model ");
  return found->shape;
}

std::shared_ptr<FeatureNet> filled(std::shared_ptr<FeatureNet> net, const FeatureWeights& weights,
                                   const std::vector<std::string>& parts) {
  const LoadReport report = load_weights(*net, weights.file, parts, {.strict = weights.strict});
  require_whole(report, weights.file.string());
  log_info("{}", report.text());
  net->eval();
  return net;
}

}  // namespace

// Nobody needs draws of drop path here.
FeatureNet::FeatureNet(const EncoderShape& encoder)
    : encoder(register_module("encoder", make_encoder(encoder.without_drop_path()))),
      shape_(encoder.without_drop_path()),
      viewer_(shape_) {}

FeatureNet::FeatureNet(const ModelShape& model) : FeatureNet(model.encoder) {
  std::array<int64_t, kNumStages> channels{};
  for (int stage = 0; stage < kNumStages; ++stage) channels[stage] = model.encoder.stage_channels(stage);
  bifpn = register_module("bifpn", std::make_shared<Bifpn>(model.bifpn, channels));
  decoder = register_module("decoder", std::make_shared<Decoder>(model.decoder, DecoderQueries{}));
  bifpn_ = model.bifpn;
}

std::vector<at::Tensor> FeatureNet::operator()(const Batch& batch, const FeatureOptions& options) const {
  const at::NoGradGuard no_grad;
  const Question question = viewer_.look_at(batch);
  const View& view = question.view;
  TORCH_CHECK(view.plan.runs.size() == 1, "features are taken of pictures of one size at a time");
  const StageTokens stages = this->stages(question.units, view);
  if (options.pool == FeaturePool::kCls) {
    const Pyramid pyramid{bifpn->forward(stages, view.plan), view.plan};
    const Query cls{.asked = ClsQuery{}, .images = view.plan.all()};
    return {decoder->forward(pyramid, cls)[0].squeeze(1)};  // [1, B, 1, d]
  }
  std::vector<at::Tensor> features;
  for (const int64_t number : options.stages) {
    const int stage = static_cast<int>(number) - 1;
    const at::Tensor& tokens = stages[stage];  // [T, C]
    if (options.pool == FeaturePool::kMean) features.push_back(tokens.view({batch.size(), -1, tokens.size(1)}).mean(1));
    else features.push_back(to_image(tokens, *view.plan.runs[0].plan, stage).contiguous());
  }
  return features;
}

// Of an encoder without a pyramid the last alone.
StageTokens FeatureNet::stages(const at::Tensor& units, const View& view) const {
  if (shape_.has_pyramid()) return encoder->forward(units, view);
  StageTokens stages;
  stages.back() = encoder->last_tokens(units, view).tokens;
  return stages;
}

std::vector<std::vector<int64_t>> FeatureNet::shapes(const FeatureOptions& options) const {
  if (options.pool == FeaturePool::kCls) return {{decoder->config.width}};
  std::vector<std::vector<int64_t>> shapes;
  for (const int64_t number : options.stages) {
    const int stage = static_cast<int>(number) - 1;
    const int64_t channels = shape().stage_channels(stage), side = options.size_px / shape().unit_px() * unit_side(stage);
    if (options.pool == FeaturePool::kMean) shapes.push_back({channels});
    else shapes.push_back({channels, side, side});
  }
  return shapes;
}

std::shared_ptr<FeatureNet> FeatureNet::with_random_weights(uint64_t seed) const {
  auto net = has_decoder() ? std::make_shared<FeatureNet>(ModelShape{shape(), bifpn_, decoder->config})
                           : std::make_shared<FeatureNet>(shape());
  initialise(static_cast<torch::nn::Module&>(*net), seed);
  net->eval();
  return net;
}

std::shared_ptr<FeatureNet> load_encoder(const FeatureWeights& weights) {
  return filled(std::make_shared<FeatureNet>(shape_of(weights)), weights, {"encoder"});
}

std::shared_ptr<FeatureNet> load_with_decoder(const FeatureWeights& weights, const ModelShape& model) {
  shape_of(weights);  // refuses another size in the words of an encoder
  return filled(std::make_shared<FeatureNet>(model), weights, {"encoder", "bifpn", "decoder"});
}

}  // namespace glid
