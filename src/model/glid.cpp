#include "glid/model/glid.h"

#include <ATen/ATen.h>

namespace glid {

Heads::Heads(int64_t width, const std::vector<HeadSpec>& specs) {
  for (const HeadSpec& spec : specs)
    linears.emplace_back(spec.name, register_module(spec.name, std::make_shared<Linear>(width, spec.outputs)));
}

Answer Heads::forward(const at::Tensor& decoded) const {
  Answer answer;
  for (const auto& [name, linear] : linears) answer[name] = linear->forward(decoded);
  return answer;
}

Glid::Glid(const ModelShape& shape, const std::vector<HeadSpec>& head_specs)
    : shape(shape),
      encoder(register_module("encoder", std::make_shared<Swin>(shape.encoder))),
      bifpn(register_module(
          "bifpn", std::make_shared<Bifpn>(
                       shape.bifpn,
                       std::array<int64_t, kNumStages>{shape.encoder.stage_channels(0), shape.encoder.stage_channels(1),
                                                       shape.encoder.stage_channels(2), shape.encoder.stage_channels(3)}))),
      decoder(register_module("decoder", std::make_shared<Decoder>(shape.decoder))),
      heads(register_module("heads", std::make_shared<Heads>(shape.decoder.width, head_specs))) {}

Answer Glid::forward(const at::Tensor& images, const Query& query) const {
  const Pyramid stages = encoder->forward(images, query.plan, query.drop_path);
  const Pyramid pyramid = bifpn->forward(stages, query.plan);
  const at::Tensor decoded = decoder->forward(pyramid, query.plan);
  return heads->forward(decoded);
}

at::Tensor normalise(const at::Tensor& images, at::ScalarType type) {
  const auto options = images.options().dtype(type);
  const at::Tensor mean = at::tensor({0.485 * 255, 0.456 * 255, 0.406 * 255}, at::kDouble).to(options);
  const at::Tensor deviation = at::tensor({0.229 * 255, 0.224 * 255, 0.225 * 255}, at::kDouble).to(options);
  return (images.to(type) - mean) / deviation;
}

NamedTensors named_parameters(const torch::nn::Module& module) {
  NamedTensors result;
  for (const auto& item : module.named_parameters()) result.emplace_back(item.key(), item.value());
  return result;
}

}  // namespace glid
