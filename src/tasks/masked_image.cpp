#include "glid/tasks/masked_image.h"

#include <ATen/ATen.h>

#include "pixel_references.h"

namespace glid {
namespace {

constexpr double kVarianceFloor = 1e-6;
constexpr double kCollapse = 0.02;  // query_spread below it

at::Tensor in_float(const at::Tensor& x) { return at::isReducedFloatingType(x.scalar_type()) ? x.to(at::kFloat) : x; }

// Pixels of the hidden units, [B, N, 3 U^2].
at::Tensor hidden_pixels(const Question& question, int64_t unit_px) {
  const at::Tensor units = to_units(question.images, unit_px).flatten(1);
  return units.index_select(0, question.query.plan.hidden_units).view({question.query.plan.batch, -1, units.size(1)});
}

struct Statistics {
  at::Tensor mean, deviation;  // [B, N, 1]
};

Statistics statistics(const at::Tensor& pixels) {
  return {pixels.mean(-1, true), (pixels.var(-1, /*unbiased=*/true, /*keepdim=*/true) + kVarianceFloor).sqrt()};
}

// Every sample's draws for drop path, [2 blocks, B].
at::Tensor drop_path_draws(const Batch& batch, int64_t num_blocks, const at::Device& device) {
  const at::Tensor draws = at::empty({batch.size(), 2 * num_blocks}, at::kFloat);
  float* values = draws.mutable_data_ptr<float>();
  for (const SampleKey& key : batch.keys) {
    Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kDropPath);
    for (int64_t i = 0; i < 2 * num_blocks; ++i) *values++ = static_cast<float>(rng.uniform());
  }
  return draws.t().to(device);
}

// [B, units, 3 U^2] in ImageNet's mean and deviation -> B pictures.
std::vector<Image> to_images(const at::Tensor& units, const UnitGrid& grid, int64_t unit_px) {
  const int64_t batch = units.size(0), height = grid.height * unit_px, width = grid.width * unit_px;
  const at::Tensor pixels = denormalise(units.view({batch, grid.height, grid.width, unit_px, unit_px, 3})
                                            .permute({0, 1, 3, 2, 4, 5})
                                            .reshape({batch, height, width, 3}));
  const at::Tensor bytes = pixels.to(at::kCPU).contiguous();
  std::vector<Image> images;
  for (int64_t b = 0; b < batch; ++b) {
    const auto* data = bytes[b].const_data_ptr<uint8_t>();
    images.push_back({height, width, std::vector<uint8_t>(data, data + height * width * 3)});
  }
  return images;
}

}  // namespace

at::Tensor normalise_units(const at::Tensor& pixels) {
  const Statistics s = statistics(pixels);
  return (pixels - s.mean) / s.deviation;
}

MaskedImage::MaskedImage(const MaskedImageConfig& config, const SwinShape& shape) : config_(config), shape_(shape) {}

std::vector<HeadSpec> MaskedImage::heads() const { return {{"pixels", 3 * shape_.unit_px() * shape_.unit_px()}}; }

SamplePlan MaskedImage::plan(const SampleKey& key, int64_t height_px, int64_t width_px) const {
  const UnitGrid grid{height_px / shape_.unit_px(), width_px / shape_.unit_px()};
  Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kMask);
  return plan_sample(grid, draw_visible(grid, config_.mask, config_.mask_ratio, rng), shape_.windows);
}

Question MaskedImage::ask(const Batch& batch) const {
  Question question;
  const at::Device device = batch.images.device();
  question.images = normalise(batch.images);
  question.query.plan = to_tensors(*batch.plan, device);
  if (shape_.drop_path > 0) question.query.drop_path = drop_path_draws(batch, shape_.num_blocks(), device);
  question.target = target_of(hidden_pixels(question, shape_.unit_px()));
  question.count = static_cast<double>(question.query.plan.hidden_units.size(0));
  return question;
}

at::Tensor MaskedImage::target_of(const at::Tensor& hidden) const {
  return config_.target == PixelTarget::kRaw ? hidden : normalise_units(hidden);
}

at::Tensor MaskedImage::to_pixels(const at::Tensor& prediction, const at::Tensor& hidden) const {
  if (config_.target == PixelTarget::kRaw) return prediction;
  const Statistics s = statistics(hidden);
  return prediction * s.deviation + s.mean;
}

Losses MaskedImage::losses(const Answer& answer, const Question& question) const {
  const at::Tensor& all = answer.at("pixels");
  const at::Tensor prediction = in_float(all.narrow(1, 1, all.size(1) - 1));  // without [CLS]
  const at::Tensor error = prediction - question.target.to(prediction.scalar_type());
  const at::Tensor spread = prediction.detach().std(1, /*unbiased=*/false).mean();
  return {error.square().mean(-1).sum(),
          {{"query_spread", spread, kCollapse, "all queries of an image get nearly the same answer"}}};
}

std::vector<Reference> MaskedImage::references(const Question& question) const {
  const PlanTensors& plan = question.query.plan;
  const at::Tensor visible = to_units(question.images, shape_.unit_px()).flatten(1).index_select(0, plan.visible_units);
  return {{"zero", at::zeros_like(question.target)},
          {"colour offset", mean_colour(target_of(visible), question.target)},
          {"interpolation", target_of(interpolate_hidden(question.images, plan, shape_.unit_px()))}};
}

std::vector<std::string> MaskedImage::picture_titles() const { return {"masked", "reconstruction", "control", "original"}; }

std::vector<std::vector<Image>> MaskedImage::pictures(const Answer& answer, const Question& question) const {
  const at::NoGradGuard no_grad;
  const PlanTensors& plan = question.query.plan;
  const at::Tensor units = to_units(question.images, shape_.unit_px()).flatten(1);  // [B * units, 3 U^2]
  const at::Tensor hidden = hidden_pixels(question, shape_.unit_px());
  const at::Tensor& all = answer.at("pixels");
  const at::Tensor prediction = all.narrow(1, 1, all.size(1) - 1).to(units.scalar_type());
  const auto with_hidden = [&](const at::Tensor& pixels) {
    const at::Tensor filled = units.index_copy(0, plan.hidden_units, pixels.reshape({-1, units.size(1)}));
    return to_images(filled.view({plan.batch, -1, units.size(1)}), plan.grid, shape_.unit_px());
  };
  const std::vector<std::vector<Image>> columns{
      with_hidden(at::zeros_like(hidden)), with_hidden(to_pixels(prediction, hidden)),
      with_hidden(to_pixels(at::zeros_like(prediction), hidden)), with_hidden(hidden)};
  std::vector<std::vector<Image>> rows(static_cast<size_t>(plan.batch));
  for (size_t b = 0; b < rows.size(); ++b)
    for (const auto& column : columns) rows[b].push_back(column[b]);
  return rows;
}

}  // namespace glid
