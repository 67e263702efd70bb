#include "glid/tasks/depth.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/data/photometric.h"
#include "glid/data/transforms.h"
#include "glid/nn/transfer.h"
#include "glid/viz/heat_map.h"
#include "query_spread.h"
#include "unit_pictures.h"

namespace glid {
namespace {

// The picture's size in pixels.
std::array<int64_t, 2> size_of(const ImageRun& run, int64_t unit_px) {
  return {std::llround(run.valid.height * static_cast<double>(unit_px)),
          std::llround(run.valid.width * static_cast<double>(unit_px))};
}

// [n, h, w] -> [n, height, width], corner on corner as AdaBins and the toolbox do it.
at::Tensor resized(const at::Tensor& maps, int64_t height, int64_t width) {
  if (maps.size(1) == height && maps.size(2) == width) return maps;
  return at::upsample_bilinear2d(maps.unsqueeze(1), {height, width}, /*align_corners=*/true).squeeze(1);
}

// What lies end to end, picture after picture: [n, H, W] of each run.
std::vector<at::Tensor> by_run(const at::Tensor& depth, const BatchPlan& plan, int64_t unit_px) {
  std::vector<at::Tensor> maps;
  int64_t pixel = 0;
  for (const ImageRun& run : plan.runs) {
    const auto [height, width] = size_of(run, unit_px);
    const int64_t size = run.plan->batch * height * width;
    maps.push_back(depth.narrow(0, pixel, size).view({run.plan->batch, height, width}));
    pixel += size;
  }
  return maps;
}

// No bad file: the setting is wrong for the set.
void require_inside(const char* key, const Placement& placement, int64_t bottom, int64_t right) {
  if (bottom > placement.height() || right > placement.width())
    throw UsageError(key, "reaches out of the picture", format("{} x {}", bottom, right),
                     format("which has {} x {}", placement.height(), placement.width()));
}

}  // namespace

void DepthConfig::check(config::Problems& problems) const {
  if (min_depth >= max_depth)
    problems.add("max_depth", "must be larger than min_depth", format("{}", max_depth),
                 format("min_depth is {}", min_depth));
  if (frame && ((*frame)[2] < 1 || (*frame)[3] < 1)) problems.add("frame", "must have a height and a width");
  if (frame && crop && ((*crop)[0] > (*frame)[2] || (*crop)[1] > (*frame)[3]))
    problems.add("crop", "must fit into the frame");
  auxiliary.check(problems);
}

Depth::Depth(const DepthConfig& config, const TaskContext& context)
    : config_(config),
      shape_(context.model.encoder),
      num_layers_(context.model.decoder.layers),
      width_(context.model.decoder.width),
      size_px_(context.image_size_px),
      tta_(context.tta),
      viewer_(shape_) {
  if (!context.vocabulary.has_depth)
    throw UsageError("task.name", "needs depth, which the data doesn't have", std::string(DepthConfig::kName),
                     "data.name: nyu_depth, scenes, or pairs with data.target: depth");
}

Placement Depth::training_placement(const Image& image, const SampleKey& key) const {
  Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kCrop);
  Placement placement(image.height, image.width);
  if (config_.frame) {
    const auto& [top, left, height, width] = *config_.frame;
    require_inside("task.frame", placement, top + height, left + width);
    placement.crop({top, left, height, width});
  }
  if (!config_.crop) placement.resize(size_px_, size_px_);
  const double degrees = rng.uniform(-config_.rotation, config_.rotation);
  if (rng.uniform() < 0.5 && config_.rotation > 0) {
    const PointXy centre{static_cast<double>(placement.width()) / 2, static_cast<double>(placement.height()) / 2};
    placement.warp(Affine::rotation(degrees, centre), placement.height(), placement.width());
  }
  if (rng.uniform() < 0.5 && config_.flip) placement.flip();
  if (config_.crop) {
    const auto [height, width] = *config_.crop;
    require_inside("task.crop", placement, height, width);
    placement.crop(random_part({placement.height(), placement.width()}, {height, width}, rng));
  }
  return placement;
}

PreparedImage Depth::view_of(const Sample& sample, const Placement& placement) const {
  PreparedImage view{.image = place_image(sample.image, placement, Filter::kBilinear), .placement = placement};
  Targets depth;
  depth.depth = sample.targets.depth;
  std::vector<float> placed = place_targets(depth, placement, {}).depth;
  const bool is_measured = std::ranges::any_of(placed, [](float metres) { return metres > 0; });
  view.arrays["is_measured"] = {{1}, std::vector<float>{is_measured ? 1.0F : 0.0F}};
  view.arrays["depth"] = {{std::ssize(placed)}, std::move(placed)};
  return view;
}

std::vector<PreparedImage> Depth::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                          bool training) const {
  if (sample.targets.depth.empty()) throw DataError(sample.name, "has no depth");
  if (training) {
    PreparedImage view = view_of(sample, training_placement(sample.image, key));
    Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kColour);
    if (config_.colour && rng.uniform() < 0.5) view.image = change_colours(view.image, rng);
    return {std::move(view)};
  }
  Placement placement(sample.image.height, sample.image.width);
  if (!config_.crop) placement.resize(size_px_, size_px_);
  std::vector<PreparedImage> views{view_of(sample, placement)};
  views[0].truth = std::make_shared<const Targets>(Targets{.depth = sample.targets.depth});
  if (has_mirrors(tta_)) views.push_back(view_of(sample, placement.flip()));
  return views;
}

TaskSpec Depth::spec() const {
  return {
      .heads = {{.name = "lengths", .outputs = 1}, config_.dot.embedding("embedding", width_, config_.queries.head_layers)},
      .queries = config_.queries.of({config_.bins}),
      .supervised_layers = config_.auxiliary.supervised(num_layers_),
      .features = true};
}

LossCounts Depth::counts(const Batch& batch) const {
  const at::Tensor& measured = batch.arrays.at("is_measured").values;
  std::vector<double> maps(measured.const_data_ptr<float>(), measured.const_data_ptr<float>() + measured.numel());
  if (config_.si_pool == SiPool::kMicroBatch) {
    std::ranges::fill(maps, 0);
    maps.at(0) = 1;
  }
  return {{"maps", std::move(maps)}};
}

Question Depth::ask(Batch batch, bool) const {
  Question question = viewer_.look_at(std::move(batch));
  question.queries = {{.asked = LearnedQueries{config_.bins}, .images = question.view.plan.all()}};
  return question;
}

std::vector<at::Tensor> Depth::maps(const Answer& answer, const BatchPlan& plan, int64_t layer) const {
  const at::Tensor lengths = answer.at("lengths")[layer].squeeze(-1);
  const at::Tensor centres = bin_centres(lengths, config_.min_depth, config_.max_depth, config_.bin_norm);  // [B, Q]
  const std::vector<at::Tensor> products = map_products(answer.features, plan, answer.at("embedding")[layer], config_.dot);
  std::vector<at::Tensor> maps;
  int64_t first = 0;
  for (size_t r = 0; r < products.size(); ++r) {
    const ImageRun& run = plan.runs[r];
    const int64_t count = run.plan->batch, unit = shape_.unit_px();
    const at::Tensor depth = (products[r].softmax(1) * centres.narrow(0, first, count).view({count, -1, 1, 1})).sum(1);
    const auto [height, width] = size_of(run, unit);
    const at::Tensor whole_units = resized(depth, run.plan->grid.height * unit, run.plan->grid.width * unit);
    maps.push_back(whole_units.slice(1, 0, height).slice(2, 0, width));
    first += count;
  }
  return maps;
}

at::Tensor Depth::map_losses(const std::vector<at::Tensor>& maps, const std::vector<at::Tensor>& truths) const {
  std::vector<at::Tensor> losses, pixels, true_pixels;
  int64_t pictures = 0;
  for (size_t i = 0; i < maps.size(); ++i) {
    pictures += maps[i].size(0);
    if (config_.si_pool == SiPool::kImage)
      losses.push_back(scale_invariant_losses(maps[i].flatten(1), truths[i].flatten(1)));
    pixels.push_back(maps[i].flatten());
    true_pixels.push_back(truths[i].flatten());
  }
  if (config_.si_pool == SiPool::kImage) return at::cat(losses);
  const at::Tensor pooled = scale_invariant_losses(at::cat(pixels).unsqueeze(0), at::cat(true_pixels).unsqueeze(0));
  return at::constant_pad_nd(pooled, {0, pictures - 1});  // on the first picture, as it is counted
}

Losses Depth::losses(std::span<const Answer> answers, const Question& question) const {
  const BatchPlan& plan = question.view.plan;
  const std::vector<at::Tensor> truths = by_run(question.batch.arrays.at("depth").values, plan, shape_.unit_px());
  Losses losses;
  int64_t answered = 0;
  for (const auto& [number, weight] : config_.auxiliary.layers()) {
    const at::Tensor by_image = map_losses(maps(answers[0], plan, answered++), truths);
    losses.terms.push_back({"si", by_image.sum(), weight, "maps", number, by_image.detach()});
  }
  losses.diagnostics = {query_spread(answers[0].at("embedding")[-1])};
  return losses;
}

std::vector<Prediction> Depth::predict(const AnsweredBatch& answered) const {
  const int64_t last = answered.answers[0].at("lengths").size(0) - 1;
  std::vector<at::Tensor> views;
  for (const at::Tensor& maps : maps(answered.answers[0], answered.question.view.plan, last))
    for (const at::Tensor& map : maps.unbind(0)) views.push_back(map);
  std::vector<Prediction> predictions;
  for (const ImageRange& sample : answered.batch.samples()) {
    at::Tensor sum;
    for (int64_t i = sample.first; i < sample.first + sample.count; ++i) {
      const at::Tensor& view = views[static_cast<size_t>(i)];
      const bool is_mirrored = answered.batch.images[static_cast<size_t>(i)].placement.is_mirrored();
      const at::Tensor map = is_mirrored ? view.flip(1) : view;
      sum = sum.defined() ? sum + map : map;
    }
    const Placement& placement = answered.batch.images[static_cast<size_t>(sample.first)].placement;
    const int64_t height = placement.original_height(), width = placement.original_width();
    const at::Tensor mean = (sum / sample.count).unsqueeze(0);
    predictions.push_back({.height = height, .width = width, .depth = to_doubles(resized(mean, height, width)[0])});
  }
  return predictions;
}

std::vector<std::string> Depth::picture_titles() const { return {"image", "prediction", "truth"}; }

std::vector<std::vector<Image>> Depth::pictures(std::span<const Answer> answers, const Question& question) const {
  const at::NoGradGuard no_grad;
  const BatchPlan& plan = question.view.plan;
  const std::vector<at::Tensor> predicted = maps(answers[0], plan, answers[0].at("lengths").size(0) - 1);
  const std::vector<at::Tensor> truths = by_run(question.batch.arrays.at("depth").values, plan, shape_.unit_px());
  const std::vector<Image> images = to_images(question);
  std::vector<std::vector<Image>> rows;
  for (size_t r = 0; r < plan.runs.size(); ++r) {
    const int64_t height = predicted[r].size(1), width = predicted[r].size(2);
    const auto drawn = [&](const at::Tensor& map) {
      return with_color_bar(heat_map(to_doubles(map), height, width, 0, config_.max_depth), {0, config_.max_depth, "m"});
    };
    for (int64_t i = 0; i < predicted[r].size(0); ++i)
      rows.push_back({images[rows.size()], drawn(predicted[r][i]), drawn(truths[r][i])});
  }
  std::vector<std::vector<Image>> of_samples;  // their first views
  for (const ImageRange& views : question.batch.samples())
    of_samples.push_back(std::move(rows[static_cast<size_t>(views.first)]));
  return of_samples;
}

}  // namespace glid
