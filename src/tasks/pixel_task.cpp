#include "glid/tasks/pixel_task.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "glid/core/format.h"
#include "glid/nn/transfer.h"
#include "pixel_references.h"
#include "query_spread.h"
#include "unit_pictures.h"

namespace glid {
namespace {

constexpr double kVarianceFloor = 1e-6;

struct Statistics {
  at::Tensor mean, deviation;  // [.., 1]
};

Statistics statistics(const at::Tensor& pixels) {
  return {pixels.mean(-1, true), (pixels.var(-1, /*unbiased=*/true, /*keepdim=*/true) + kVarianceFloor).sqrt()};
}

// A question's targets, by the number of the run.
std::string name_of_run(std::string_view name, size_t run) {
  return run == 0 ? std::string(name) : format("{}{}", name, run);
}
std::string target_name(size_t run) { return name_of_run("pixels", run); }

// Which of a run's targets count; undefined: all.
at::Tensor counted_of(const Question& question, size_t run) {
  const auto found = question.targets.find(name_of_run("counted", run));
  return found == question.targets.end() ? at::Tensor() : found->second;
}

// Values [B, N] or [B, N, P], 0 where they don't count.
at::Tensor only(const at::Tensor& counted, const at::Tensor& values) {
  if (!counted.defined()) return values;
  return values * (values.dim() == 3 ? counted.unsqueeze(2) : counted);
}

// The cells of an array of these pictures.
HiddenUnitsOfRun ragged(const BatchArray& array, const ImageRange& images) {
  const at::Tensor lengths = at::tensor(array.lengths).unsqueeze(1);  // [all, 1]
  const at::Tensor firsts = lengths.cumsum(0) - lengths, own = lengths.narrow(0, images.first, images.count);
  const at::Tensor place = at::arange(own.max().item<int64_t>());  // on the host, as lengths are
  const at::Tensor index = firsts.narrow(0, images.first, images.count) + at::minimum(place, own - 1);
  const at::Device device = array.values.device();
  HiddenUnitsOfRun hidden{.images = images};
  hidden.cells = array.values.index_select(0, to_device(index.flatten(), device)).view(index.sizes());
  const at::Tensor counted = place.lt(own);
  if (!counted.all().item<bool>()) hidden.counted = to_device(counted, device);
  return hidden;
}

// Pixels of the hidden units, [B, N, 3 U^2].
at::Tensor hidden_pixels(const Question& question, const HiddenUnitsOfRun& hidden) {
  const at::Tensor units = question.units.flatten(1);
  return units.index_select(0, hidden.rows).view({hidden.cells.size(0), -1, units.size(1)});
}

// [B, N, 3 U^2]: the answers about the hidden units, which are the last of them.
at::Tensor prediction_of(const Answer& answer, const at::Tensor& target) {
  const at::Tensor last = answer.at("pixels").select(0, 0);
  return last.narrow(1, last.size(1) - target.size(1), target.size(1));
}

// One Diagnostic of those of the runs.
Diagnostic mean_of(const std::vector<Diagnostic>& parts) {
  Diagnostic mean = parts.at(0);
  if (parts.size() == 1) return mean;
  mean.pictures = 0;
  at::Tensor sum = at::zeros_like(mean.value);
  for (const Diagnostic& part : parts) {
    sum = sum + part.value * static_cast<double>(part.pictures);
    mean.pictures += part.pictures;
  }
  mean.value = sum / static_cast<double>(std::max<int64_t>(1, mean.pictures));
  return mean;
}

// [B, N, P] of the runs, with zeros behind where a run has fewer N -> [all pictures, N, P].
at::Tensor laid_end_to_end(const std::vector<at::Tensor>& parts) {
  int64_t longest = 0;
  for (const at::Tensor& part : parts) longest = std::max(longest, part.size(1));
  std::vector<at::Tensor> filled;
  for (const at::Tensor& part : parts) filled.push_back(at::constant_pad_nd(part, {0, 0, 0, longest - part.size(1)}));
  return at::cat(filled);
}

}  // namespace

void HidingConfig::check_grid(const UnitGrid& grid, config::Problems& problems) const {
  const std::string problem = mask_problem(mask, mask_ratio, grid);
  if (!problem.empty()) problems.add("task.mask_ratio", problem, format("{}", mask_ratio));
}

at::Tensor normalise_units(const at::Tensor& pixels) {
  const Statistics s = statistics(pixels);
  return (pixels - s.mean) / s.deviation;
}

at::Tensor restore_units(const at::Tensor& normalised, const at::Tensor& pixels) {
  const Statistics s = statistics(pixels);
  return normalised * s.deviation + s.mean;
}

std::vector<HiddenUnitsOfRun> hidden_units_of(const Batch& batch, const BatchPlan& plan) {
  std::vector<HiddenUnitsOfRun> hidden;
  int64_t image = 0, unit = 0;
  for (const ImageRun& run : plan.runs) {
    const PlanTensors& p = *run.plan;
    const ImageRange images{image, p.batch};
    HiddenUnitsOfRun& own = hidden.emplace_back(p.is_whole() ? ragged(batch.arrays.at("hidden"), images)
                                                             : HiddenUnitsOfRun{images, p.hidden_cells, {}, {}});
    const at::Tensor first = at::arange(p.batch, own.cells.options()).unsqueeze(1) * p.grid.size() + unit;
    own.rows = (own.cells + first).flatten();
    image += p.batch;
    unit += p.num_units();
  }
  return hidden;
}

PixelTask::PixelTask(const PixelConfig& config, PixelLoss loss, const EncoderShape& shape, int64_t size_px)
    : config_(config), loss_(loss), shape_(shape), size_px_(size_px), viewer_(shape) {}

PreparedImage PixelTask::crop(const Sample& sample, const SampleKey& key, bool training) const {
  const Image& image = sample.image;
  const Placement placement = square_placement(image.height, image.width, key, size_px_, config_.crop_area, training);
  return {.image = place_image(image, placement, config_.interpolation), .placement = placement};
}

LossCounts PixelTask::counts(const Batch& batch) const {
  const auto array = batch.arrays.find("hidden");
  std::vector<double> hidden;
  for (const BatchRun& run : batch.runs)
    for (int64_t i = 0; i < run.count; ++i)
      hidden.push_back(static_cast<double>(run.plan ? run.plan->num_hidden() : array->second.lengths.at(hidden.size())));
  return {{"units", hidden}};
}

Question PixelTask::ask(Batch batch, bool) const {
  Question question = viewer_.look_at(std::move(batch));
  for (const HiddenUnitsOfRun& hidden : hidden_units_of(question.batch, question.view.plan)) {
    const size_t run = question.queries.size();
    question.targets[target_name(run)] = target_of(hidden_pixels(question, hidden));
    if (hidden.counted.defined()) question.targets[name_of_run("counted", run)] = hidden.counted;
    question.queries.push_back(query(hidden.cells));
    question.queries.back().images = hidden.images;
  }
  return question;
}

at::Tensor PixelTask::target_of(const at::Tensor& pixels) const {
  return config_.target == PixelTarget::kRaw ? pixels : normalise_units(pixels);
}

at::Tensor PixelTask::to_pixels(const at::Tensor& prediction, const at::Tensor& hidden) const {
  return config_.target == PixelTarget::kRaw ? prediction : restore_units(prediction, hidden);
}

at::Tensor PixelTask::error(const at::Tensor& prediction, const at::Tensor& target) const {
  const at::Tensor difference = prediction - target.to(prediction.scalar_type());
  return loss_ == PixelLoss::kAbsolute ? difference.abs() : difference.square();
}

Losses PixelTask::losses(std::span<const Answer> answers, const Question& question) const {
  std::vector<at::Tensor> sums, of_images;  // of each run; the latter [B]
  std::vector<Diagnostic> spreads;
  for (size_t i = 0; i < answers.size(); ++i) {
    const at::Tensor& target = question.targets.at(target_name(i));
    const at::Tensor prediction = prediction_of(answers[i], target), counted = counted_of(question, i);
    const at::Tensor unit_losses = only(counted, error(prediction, target).mean(-1));  // [B, N]
    sums.push_back(unit_losses.sum());
    of_images.push_back(unit_losses.detach().sum(1));
    spreads.push_back(query_spread(prediction, counted));
  }
  const at::Tensor sum = sums.size() == 1 ? sums[0] : at::stack(sums).sum();
  return {{{.name = "pixels", .sum = sum, .count = "units", .by_image = at::cat(of_images)}}, {mean_of(spreads)}};
}

BlindPixels PixelTask::blind(const at::Tensor& units, const HiddenUnitsOfRun& hidden, const at::Tensor& target) const {
  const HiddenCells cells{grid(), hidden.rows};
  return {mean_colour(target_of(seen_units(units, cells)), target), target_of(interpolate_hidden(units, cells))};
}

std::vector<Reference> PixelTask::references(const Question& question) const {
  std::vector<at::Tensor> targets, colours, interpolations;
  std::vector<double> counts = PixelTask::counts(question.batch).at("units");
  for (HiddenUnitsOfRun& hidden : hidden_units_of(question.batch, question.view.plan)) {
    const at::Tensor& target = question.targets.at(target_name(targets.size()));
    const int64_t first = hidden.images.first * grid().size(), count = hidden.images.count * grid().size();
    hidden.rows = hidden.rows - first;
    const BlindPixels predictions = blind(question.units.narrow(0, first, count), hidden, target);
    targets.push_back(only(hidden.counted, target));
    colours.push_back(only(hidden.counted, predictions.colour));
    interpolations.push_back(only(hidden.counted, predictions.interpolation));
  }
  for (double& count : counts) count *= static_cast<double>(head().outputs);  // numbers of a unit
  const at::Tensor target = laid_end_to_end(targets);
  const bool absolute = loss_ == PixelLoss::kAbsolute;
  return {{"zero", at::zeros_like(target), target, counts, absolute},
          {"colour offset", laid_end_to_end(colours), target, counts, absolute},
          {"interpolation", laid_end_to_end(interpolations), target, counts, absolute}};
}

std::vector<std::string> PixelTask::picture_titles() const { return {"masked", "reconstruction", "control", "original"}; }

std::vector<std::vector<Image>> PixelTask::pictures(std::span<const Answer> answers, const Question& question) const {
  const at::NoGradGuard no_grad;
  const auto hidden_units = hidden_units_of(question.batch, question.view.plan);
  std::vector<at::Tensor> columns(4, question.units);
  for (size_t i = 0; i < hidden_units.size(); ++i) {
    const at::Tensor hidden = hidden_pixels(question, hidden_units[i]);
    const at::Tensor prediction = prediction_of(answers[i], hidden).to(hidden.scalar_type());
    const std::vector<at::Tensor> shown{at::zeros_like(hidden), to_pixels(prediction, hidden),
                                        to_pixels(at::zeros_like(prediction), hidden), hidden};
    for (size_t c = 0; c < columns.size(); ++c) {
      const at::Tensor values = shown[c].reshape({-1, question.units.size(1), question.units.size(2), 3});
      columns[c] = columns[c].index_copy(0, hidden_units[i].rows, values);
    }
  }
  std::vector<std::vector<Image>> rows(static_cast<size_t>(question.batch.range_of(0).count));
  for (const at::Tensor& column : columns) {
    const std::vector<Image> images = to_images(column, grid());
    for (size_t b = 0; b < rows.size(); ++b) rows[b].push_back(images[b]);
  }
  return rows;
}

std::vector<int64_t> MaskedPixelTask::draw_seen(const SampleKey& key) const {
  const Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kMask);
  return draw_visible(grid(), config_.mask, config_.mask_ratio, rng);
}

std::vector<PreparedImage> MaskedPixelTask::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                                    bool training) const {
  PreparedImage prepared = crop(sample, key, training);
  prepared.plan = shape().plan(grid(), draw_seen(key));
  return {std::move(prepared)};
}

}  // namespace glid
