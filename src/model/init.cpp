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

// A convolution's kernel [out, ..] as the matrix that multiplies patches.
void fill_as_matrix(at::Tensor& weight, Rng rng) {
  const double bound = xavier_bound(weight.flatten(1));
  fill(weight, [&] { return rng.uniform(-bound, bound); });
}

void initialise_parameter(const std::string& name, at::Tensor& parameter, Rng rng) {
  const auto ends_with = [&](std::string_view end) { return name.ends_with(end); };
  if (ends_with(".bias") || ends_with(".query_embed") || ends_with(".reference")) {
    parameter.zero_();
  } else if (ends_with(".fusion") || (ends_with(".weight") && parameter.dim() == 1)) {
    parameter.fill_(1);
  } else if (ends_with(".gamma_1") || ends_with(".gamma_2")) {
    return;  // LayerScale, as its shape says
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

// [cells of all groups, columns] of what `of_grid` says about each group's cells.
template <typename OfGrid>
at::Tensor over_groups(const std::vector<int64_t>& groups, OfGrid of_grid) {
  std::vector<at::Tensor> parts;
  for (const int64_t count : groups) parts.push_back(of_grid(at::arange(count), query_grid(count)));
  return at::cat(parts);
}

at::Tensor grid_vectors(const std::vector<int64_t>& groups, const DecoderConfig& config) {
  return over_groups(groups, [&](const at::Tensor& cells, const GridExtent& grid) {
    return position_vectors(config.positions, cells, grid, config.width);
  });
}

// Logits of (x, y) of the cells' centres.
at::Tensor grid_references(const std::vector<int64_t>& groups) {
  return over_groups(groups, [](const at::Tensor& cells, const GridExtent& grid) {
    const at::Tensor x = (cells.remainder(grid.width) + 0.5) / grid.width;
    const at::Tensor y = (cells.div(grid.width, "floor") + 0.5) / grid.height;
    return at::logit(at::stack({x, y}, 1));
  });
}

void initialise_head(Head& head, const std::vector<int64_t>& groups, uint64_t seed) {
  if (head.spec.init_std) {
    Rng rng(seed, 0, stable_hash("heads." + head.spec.name + ".weight"), RandomOp::kInit);
    fill(head.weight, [&] { return *head.spec.init_std * rng.normal(); });
  }
  head.bias.fill_(head.spec.bias);
  if (head.reference.defined()) head.reference.copy_(grid_references(groups));
}

// Linear layers and the projection of patches; bias tables, tokens and the pyramid's layers stay as they are.
void initialise_encoder(torch::nn::Module& encoder, uint64_t seed) {
  for (auto& [name, parameter] : named_parameters(encoder)) {
    const bool is_matrix = name.ends_with(".weight") && (parameter.dim() == 2 || name == "patch_embed.proj.weight");
    if (is_matrix) fill_as_matrix(parameter, Rng(seed, 0, stable_hash("encoder." + name), RandomOp::kInit));
  }
}

}  // namespace

void initialise(Glid& model, uint64_t seed) {
  initialise(static_cast<torch::nn::Module&>(model), seed);
  const at::NoGradGuard no_grad;
  if (model.spec.encoder_init == EncoderInit::kXavier) initialise_encoder(*model.encoder, seed);
  const DecoderQueries& queries = model.spec.queries;
  if (queries.init == QueryInit::kNormal) {
    Rng rng(seed, 0, stable_hash("decoder.query_embed"), RandomOp::kInit);
    fill(model.decoder->query_embed, [&] { return queries.init_std * rng.normal(); });
  }
  if (queries.init == QueryInit::kGrid) model.decoder->query_embed.copy_(grid_vectors(queries.learned, model.shape.decoder));
  for (const auto& head : model.heads->heads) initialise_head(*head, queries.learned, seed);
}

void initialise(torch::nn::Module& model, uint64_t seed) {
  const at::NoGradGuard no_grad;
  for (auto& [name, parameter] : named_parameters(model))
    initialise_parameter(name, parameter, Rng(seed, 0, stable_hash(name), RandomOp::kInit));
}

}  // namespace glid
