#include "glid/model/init.h"

#include <ATen/ATen.h>

#include <cmath>

#include "glid/core/rng.h"
#include "glid/model/glid.h"

namespace glid {
namespace {

template <typename Draw>
void fill(at::Tensor& parameter, Draw draw) {
  const at::Tensor values = at::empty(parameter.sizes(), at::kFloat);
  float* data = values.mutable_data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) data[i] = static_cast<float>(draw());
  parameter.copy_(values);
}

// torch.nn.init's fans: receptive field = the trailing dimensions.
double xavier_bound(const at::Tensor& weight) {
  const double receptive = static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0) * weight.size(1));
  return std::sqrt(6.0 / (receptive * static_cast<double>(weight.size(0) + weight.size(1))));
}

double truncated_normal(Rng& rng, double deviation) {
  while (true) {
    const double value = deviation * rng.normal();
    if (std::abs(value) <= 2) return value;
  }
}

void initialise_parameter(const std::string& name, at::Tensor& parameter, Rng rng) {
  const auto ends_with = [&](std::string_view end) { return name.ends_with(end); };
  if (ends_with(".bias") || ends_with(".query_embed")) {
    parameter.zero_();
  } else if (ends_with(".fusion") || (ends_with(".weight") && parameter.dim() == 1)) {
    parameter.fill_(1);
  } else if (name.starts_with("encoder.")) {
    fill(parameter, [&] { return truncated_normal(rng, 0.02); });
  } else if (ends_with("_token") || ends_with("level_embed")) {
    fill(parameter, [&] { return 0.02 * rng.normal(); });
  } else {
    TORCH_CHECK(ends_with(".weight"), "no initial value for parameter ", name);
    const double bound = xavier_bound(parameter);
    fill(parameter, [&] { return rng.uniform(-bound, bound); });
  }
}

}  // namespace

void initialise(Glid& model, uint64_t seed) {
  initialise(static_cast<torch::nn::Module&>(model), seed);
  if (model.spec.queries.init_std == 0) return;
  const at::NoGradGuard no_grad;
  Rng rng(seed, 0, stable_hash("decoder.query_embed"), RandomOp::kInit);
  fill(model.decoder->query_embed, [&] { return model.spec.queries.init_std * rng.normal(); });
}

void initialise(torch::nn::Module& model, uint64_t seed) {
  const at::NoGradGuard no_grad;
  for (auto& [name, parameter] : named_parameters(model))
    initialise_parameter(name, parameter, Rng(seed, 0, stable_hash(name), RandomOp::kInit));
}

}  // namespace glid
