#include "glid/tasks/mask_set.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "glid/core/rng.h"
#include "glid/data/photometric.h"
#include "glid/tasks/auxiliary.h"
#include "glid/tasks/class_loss.h"
#include "glid/tasks/matching.h"
#include "glid/viz/prediction_picture.h"
#include "query_spread.h"
#include "unit_pictures.h"

namespace glid {
namespace {

// Mask2Former's, of matching and of the loss alike.
constexpr double kClassWeight = 2;
constexpr PointMasks::Weights kMaskWeights{.mask = 5, .dice = 5};

bool has_pixel(const MaskTarget& target) {
  return std::ranges::any_of(target.mask, [](uint8_t pixel) { return pixel != 0; });
}

std::vector<int64_t> num_masks(const Batch& batch) {
  const auto found = batch.arrays.find("labels");  // a batch without masks has none
  return found == batch.arrays.end() ? std::vector<int64_t>(batch.images.size()) : found->second.lengths;
}

}  // namespace

MaskSet::MaskSet(const MaskSetConfig& config, const TaskContext& context, int64_t num_classes)
    : config_(config),
      shape_(context.model.encoder),
      num_layers_(context.model.decoder.layers),
      width_(context.model.decoder.width),
      size_px_(context.image_size_px),
      tta_(context.tta),
      vocabulary_(context.vocabulary),
      num_classes_(num_classes),
      viewer_(shape_) {}

TaskSpec MaskSet::spec() const {
  TaskSpec spec{.heads = {{.name = "class", .outputs = num_classes_ + 1, .logits = Logits::kOneOf},
                          config_.dot.embedding("embedding", width_, config_.queries.head_layers)},
                .queries = config_.queries.of({config_.num_queries}),
                .features = true};
  if (!config_.deep_supervision) return spec;
  spec.supervised_layers = every_layer(num_layers_);
  if (config_.masked_attention) spec.supervised_layers.insert(spec.supervised_layers.begin(), 0);
  return spec;
}

std::vector<PreparedImage> MaskSet::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                            bool training) const {
  const Targets relevant = this->relevant(sample);
  const PictureSize size{sample.image.height, sample.image.width};
  if (training) {
    PreparedImage view = view_of(sample.image, relevant, config_.pictures.training(size, key, size_px_), key);
    Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kColour);
    if (config_.pictures.colour) view.image = jitter_colours(view.image, rng);
    view.targets = {};
    return {std::move(view)};
  }
  std::vector<PreparedImage> views;
  for (const double scale : view_scales(tta_)) {
    Placement placement = config_.pictures.evaluation(size, size_px_, scale);
    views.push_back(view_of(sample.image, relevant, placement, key));
    if (has_mirrors(tta_)) views.push_back(view_of(sample.image, relevant, placement.flip(), key));
  }
  views[0].truth = std::make_shared<const Targets>(truth(sample));
  return views;
}

PreparedImage MaskSet::view_of(const Image& image, const Targets& targets, const Placement& placement,
                               const SampleKey& key) const {
  PreparedImage view{.image = place_image(image, placement, Filter::kBilinear), .placement = placement};
  view.targets = place_targets(targets, placement, {});
  const int64_t height = placement.height(), width = placement.width(), num_points = config_.points.num_drawn();
  std::vector<float> points = draw_points(key, num_points), values;
  std::vector<int64_t> labels;
  for (const MaskTarget& target : masks(view.targets, height, width)) {
    if (!has_pixel(target)) continue;
    labels.push_back(target.label);
    std::ranges::copy(sample_mask(target.mask, height, width, points), std::back_inserter(values));
  }
  view.arrays["mask_points"] = {{std::ssize(labels), num_points}, std::move(values)};
  view.arrays["labels"] = {{std::ssize(labels)}, std::move(labels)};
  view.arrays["points"] = {{1, num_points, 2}, std::move(points)};
  return view;
}

LossCounts MaskSet::counts(const Batch& batch) const {
  const std::vector<int64_t> lengths = num_masks(batch);
  return {{"masks", {lengths.begin(), lengths.end()}},
          {"class_weights", cross_entropy_weights(lengths, config_.num_queries)}};
}

Question MaskSet::ask(Batch batch, bool) const {
  Question question = viewer_.look_at(std::move(batch));
  Query query{.asked = LearnedQueries{config_.num_queries}, .images = question.view.plan.all()};
  if (config_.masked_attention)
    query.masked = {"embedding", [plan = question.view.plan, dot = config_.dot](const FeatureMap& map, const at::Tensor& z) {
                      return map_products(map, plan, z, dot);
                    }};
  question.queries = {std::move(query)};
  return question;
}

MaskTargets MaskSet::targets(const Batch& batch) const {
  MaskTargets targets{.lengths = num_masks(batch)};
  if (batch.size() == 0) {
    const auto options = batch.units.options();
    return {at::zeros({0, config_.points.num_drawn(), 2}, options.dtype(at::kFloat)),
            at::zeros({0}, options.dtype(at::kLong)),
            at::zeros({0, config_.points.num_drawn()}, options.dtype(at::kFloat)),
            {}};
  }
  targets.points = batch.arrays.at("points").values;
  targets.labels = batch.arrays.at("labels").values;
  targets.values = batch.arrays.at("mask_points").values;
  return targets;
}

Losses MaskSet::losses(std::span<const Answer> answers, const Question& question) const {
  const at::Tensor &classes = answers[0].at("class"), &z = answers[0].at("embedding");  // [L, B, Q, K + 1], [.., d]
  const MaskTargets targets = this->targets(question.batch);
  const PointMasks masks(answers[0].features, question.view.plan, config_.dot, config_.points);
  const at::Tensor class_costs = cross_entropy_costs(classes.detach(), padded(targets.labels, targets.lengths));
  const MatchedPairs pairs = match(kClassWeight * class_costs + masks.costs(z, targets, kMaskWeights), targets.lengths);
  const at::Tensor assigned = pairs.classes(targets.labels, z.size(1), z.size(2), num_classes_);
  const PointMasks::Sums sums = masks.losses(z, targets, pairs);
  const std::vector<int64_t> supervised = spec().supervised_layers;
  Losses losses;
  layered_terms(losses, {"class", cross_entropy_sums(classes, assigned), kClassWeight, "class_weights"}, supervised);
  layered_terms(losses, {"mask", sums.mask, kMaskWeights.mask, "masks"}, supervised);
  layered_terms(losses, {"dice", sums.dice, kMaskWeights.dice, "masks"}, supervised);
  losses.diagnostics = {query_spread(z[-1])};
  return losses;
}

QueryMasks MaskSet::view(const Answer& answer, const Question& question, int64_t b) const {
  const BatchImage& image = question.batch.images[static_cast<size_t>(b)];
  const at::Tensor z = answer.at("embedding")[-1].narrow(0, b, 1);
  return {.classes = answer.at("class")[-1][b],
          .masks = map_products(answer.features, b, z, config_.dot)[0],
          .grid_height = image.grid.height * shape_.unit_px(),
          .grid_width = image.grid.width * shape_.unit_px(),
          .height = image.placement.height(),
          .width = image.placement.width(),
          .is_mirrored = image.placement.is_mirrored()};
}

// A sample's maps live no longer than it takes to read them.
std::vector<Prediction> MaskSet::predict(const AnsweredBatch& answered) const {
  const at::NoGradGuard no_grad;
  std::vector<Prediction> predictions;
  for (const ImageRange& sample : answered.batch.samples()) {
    std::vector<QueryMasks> views;
    for (int64_t i = 0; i < sample.count; ++i)
      views.push_back(view(answered.answers[0], answered.question, sample.first + i));
    const Placement& placement = answered.batch.images[static_cast<size_t>(sample.first)].placement;
    predictions.push_back(read(views, placement.original_height(), placement.original_width()));
    read_as_others(views, predictions.back());
  }
  return predictions;
}

std::vector<std::string> MaskSet::picture_titles() const { return {"image", "prediction", "truth"}; }

std::vector<std::vector<Image>> MaskSet::pictures(std::span<const Answer> answers, const Question& question) const {
  const at::NoGradGuard no_grad;
  std::vector<std::vector<Image>> rows;
  const std::vector<Image> images = to_images(question);
  for (const ImageRange& sample : question.batch.samples()) {  // its first view, which isn't mirrored
    const auto first = static_cast<size_t>(sample.first);
    const Image& image = images[first];
    const QueryMasks view = this->view(answers[0], question, sample.first);
    const Prediction prediction = read({&view, 1}, view.height, view.width);
    rows.push_back(prediction_and_truth(image, prediction, question.batch.images[first].targets, vocabulary_));
  }
  return rows;
}

}  // namespace glid
