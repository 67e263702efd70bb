#include "glid/tasks/masked_image.h"

#include <ATen/ATen.h>

#include "glid/data/transforms.h"
#include "pixel_references.h"
#include "query_spread.h"
#include "unit_pictures.h"

namespace glid {
namespace {

constexpr double kVarianceFloor = 1e-6;

const PlanTensors& plan_of(const Question& question) {
  TORCH_CHECK(question.view.plan.runs.size() == 1, "pre-training's pictures are all of one size");
  return *question.view.plan.runs[0].plan;
}

// Pixels of the hidden units, [B, N, 3 U^2]; all pictures have one grid.
at::Tensor hidden_pixels(const Question& question) {
  const PlanTensors& plan = plan_of(question);
  const at::Tensor units = question.units.flatten(1);
  return units.index_select(0, plan.hidden_units).view({plan.batch, -1, units.size(1)});
}

// [B, N, 3 U^2]: the answers to [M_1 .. M_N], without [CLS].
at::Tensor predictions(std::span<const Answer> answers) {
  const at::Tensor last = answers[0].at("pixels").select(0, 0);
  return last.narrow(1, 1, last.size(1) - 1);
}

struct Statistics {
  at::Tensor mean, deviation;  // [B, N, 1]
};

Statistics statistics(const at::Tensor& pixels) {
  return {pixels.mean(-1, true), (pixels.var(-1, /*unbiased=*/true, /*keepdim=*/true) + kVarianceFloor).sqrt()};
}

}  // namespace

void MaskedImageConfig::check_grid(const UnitGrid& grid, config::Problems& problems) const {
  const std::string problem = mask_problem(mask, mask_ratio, grid);
  if (!problem.empty()) problems.add("task.mask_ratio", problem);
}

at::Tensor normalise_units(const at::Tensor& pixels) {
  const Statistics s = statistics(pixels);
  return (pixels - s.mean) / s.deviation;
}

MaskedImage::MaskedImage(const MaskedImageConfig& config, const EncoderShape& shape, int64_t size_px)
    : config_(config), shape_(shape), size_px_(size_px), viewer_(shape) {}

TaskSpec MaskedImage::spec() const {
  return {.heads = {{"pixels", 3 * shape_.unit_px() * shape_.unit_px()}}, .queries = {.mask_token = true}};
}

std::vector<PreparedImage> MaskedImage::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                                bool training) const {
  const Image& image = sample.image;
  const Placement placement = training ? pretraining_placement(image.height, image.width, key, size_px_)
                                       : centre_placement(image.height, image.width, size_px_);
  const UnitGrid grid{size_px_ / shape_.unit_px(), size_px_ / shape_.unit_px()};
  const Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kMask);
  return {{.image = place_image(image, placement, Filter::kBicubic),
           .placement = placement,
           .plan = shape_.plan(grid, draw_visible(grid, config_.mask, config_.mask_ratio, rng))}};
}

LossCounts MaskedImage::counts(const Batch& batch) const {
  std::vector<double> hidden;
  for (const BatchRun& run : batch.runs) {
    const double of_each = static_cast<double>(run.plan->hidden.size()) / static_cast<double>(run.count);
    hidden.insert(hidden.end(), static_cast<size_t>(run.count), of_each);
  }
  return {{"units", hidden}};
}

Question MaskedImage::ask(Batch batch, bool) const {
  Question question = viewer_.look_at(std::move(batch));
  question.queries = {{.asked = HiddenUnits{hidden_cells(question.view.plan)}, .images = question.view.plan.all()}};
  question.targets["pixels"] = target_of(hidden_pixels(question));
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

Losses MaskedImage::losses(std::span<const Answer> answers, const Question& question) const {
  const at::Tensor prediction = predictions(answers);
  const at::Tensor error = prediction - question.targets.at("pixels").to(prediction.scalar_type());
  const at::Tensor unit_losses = error.square().mean(-1);  // [B, N]
  return {{{.name = "pixels", .sum = unit_losses.sum(), .count = "units", .by_image = unit_losses.detach().sum(1)}},
          {query_spread(prediction)}};
}

std::vector<Reference> MaskedImage::references(const Question& question) const {
  const PlanTensors& plan = plan_of(question);
  const at::Tensor& target = question.targets.at("pixels");
  const at::Tensor visible = question.units.flatten(1).index_select(0, plan.visible_units);
  return {{"zero", at::zeros_like(target), target},
          {"colour offset", mean_colour(target_of(visible), target), target},
          {"interpolation", target_of(interpolate_hidden(question.units, plan)), target}};
}

std::vector<std::string> MaskedImage::picture_titles() const { return {"masked", "reconstruction", "control", "original"}; }

std::vector<std::vector<Image>> MaskedImage::pictures(std::span<const Answer> answers, const Question& question) const {
  const at::NoGradGuard no_grad;
  const PlanTensors& plan = plan_of(question);
  const at::Tensor hidden = hidden_pixels(question);
  const at::Tensor prediction = predictions(answers).to(hidden.scalar_type());
  const auto with_hidden = [&](const at::Tensor& pixels) {
    const at::Tensor values = pixels.reshape({-1, question.units.size(1), question.units.size(2), 3});
    return to_images(question.units.index_copy(0, plan.hidden_units, values), plan.grid);
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
