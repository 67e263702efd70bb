#include "glid/tasks/pose.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/data/data_config.h"
#include "glid/data/persons.h"
#include "glid/nn/transfer.h"
#include "glid/viz/draw.h"
#include "glid/viz/heat_map.h"
#include "query_spread.h"
#include "unit_pictures.h"

namespace glid {
namespace {

// Truth for metrics: instances without their masks, and the person.
std::shared_ptr<const Targets> truth_of(const Targets& targets, const Person& person) {
  auto truth = std::make_shared<Targets>();
  truth->instances = targets.instances;
  for (Instance& instance : truth->instances) instance.mask = {};
  truth->person = person;
  return truth;
}

std::vector<Keypoint> drawable(std::span<const ScoredKeypoint> joints, const Affine& to_picture) {
  std::vector<Keypoint> points;
  for (const ScoredKeypoint& joint : joints) {
    const PointXy p = apply(to_picture, PointXy{joint.x, joint.y});
    points.push_back({p.x, p.y, joint.score > kCertainJoint ? Visibility::kVisible : Visibility::kHidden});
  }
  return points;
}

void require_whole_units(int64_t height, int64_t width, int64_t unit_px) {
  if (height % unit_px != 0 || width % unit_px != 0)
    throw UsageError("task.crop", "must be made of whole units", format("[{}, {}]", height, width),
                     format("multiples of {} px", unit_px));
  if (std::max(height, width) > static_cast<int64_t>(kMaxSidePx))
    throw UsageError("task.crop", format("must be at most {} px a side", kMaxSidePx), format("[{}, {}]", height, width));
}

}  // namespace

Pose::Pose(const PoseConfig& config, const TaskContext& context)
    : config_(config),
      shape_(context.model.encoder),
      num_layers_(context.model.decoder.layers),
      width_(context.model.decoder.width),
      tta_(context.tta),
      vocabulary_(context.vocabulary),
      mirrored_(mirrored_joints(vocabulary_.joints)),
      is_lower_(lower_joints(vocabulary_.joints)),
      crop_height_(config.crop ? (*config.crop)[0] : context.image_size_px),
      crop_width_(config.crop ? (*config.crop)[1] : context.image_size_px),
      map_{crop_height_ / shape_.cell_px(), crop_width_ / shape_.cell_px()},
      viewer_(shape_) {
  if (vocabulary_.joints.empty())
    throw UsageError("task.name", "needs data with joints", std::string(PoseConfig::kName),
                     "data.name: coco_pose, or scenes of kind figures");
  require_whole_units(crop_height_, crop_width_, shape_.unit_px());
}

// ---- From a sample to its crop.

PersonCrop Pose::crop_of(const Sample& sample, const Person& person, const SampleKey& key, bool training) const {
  const double aspect = static_cast<double>(crop_width_) / static_cast<double>(crop_height_);
  const Box whole{0, 0, static_cast<double>(sample.image.width), static_cast<double>(sample.image.height)};
  if (!training) return crop_around(person.score ? person.box : whole, aspect);
  const Instance& instance = sample.targets.instances.at(static_cast<size_t>(person.instance.value()));
  Rng rng(key.seed, static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.id), RandomOp::kCrop);
  return training_crop({person.box, instance.keypoints, is_lower_}, aspect, config_.augmentation, rng);
}

std::vector<Keypoint> Pose::placed_joints(const Instance& instance, const Placement& placement) const {
  std::vector<Keypoint> joints;
  for (size_t i = 0; i < mirrored_.size(); ++i) {
    const Keypoint& joint = instance.keypoints[placement.is_mirrored() ? static_cast<size_t>(mirrored_[i]) : i];
    const PointXy p = apply(placement.to_picture(), PointXy{joint.x, joint.y});
    joints.push_back({p.x, p.y, joint.visibility});
  }
  return joints;
}

void Pose::put_heatmaps(const std::vector<Keypoint>& joints, PreparedImage& prepared) const {
  const Affine to_cells = picture_to_heatmap(crop_height_, crop_width_, map_);
  std::vector<Keypoint> in_cells(mirrored_.size());  // unlabelled
  for (size_t i = 0; i < joints.size(); ++i) {
    const PointXy p = apply(to_cells, PointXy{joints[i].x, joints[i].y});
    in_cells[i] = {p.x, p.y, joints[i].visibility};
  }
  JointHeatmaps heatmaps = draw_heatmaps(in_cells, map_);
  const int64_t count = std::ssize(in_cells);
  prepared.arrays["heatmaps"] = {{count, map_.height, map_.width}, std::move(heatmaps.maps)};
  prepared.arrays["weights"] = {{count}, std::move(heatmaps.weights)};
}

std::vector<PreparedImage> Pose::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                         bool training) const {
  const Person person = person_of(sample);
  const Instance* instance = nullptr;
  if (person.instance) instance = &sample.targets.instances.at(static_cast<size_t>(*person.instance));
  if (instance && instance->keypoints.size() != mirrored_.size())
    throw DataError(sample.name, format("must have {} joints", mirrored_.size()), format("{}", instance->keypoints.size()));
  const PersonCrop crop = crop_of(sample, person, key, training);
  Placement placement = placed_crop(crop, sample.image, crop_height_, crop_width_);
  std::vector<PreparedImage> views{view_of(sample.image, instance, placement)};
  if (training) return views;
  views[0].truth = truth_of(sample.targets, person);
  if (has_mirrors(tta_)) views.push_back(view_of(sample.image, instance, placement.flip()));
  return views;
}

PreparedImage Pose::view_of(const Image& image, const Instance* instance, const Placement& placement) const {
  PreparedImage view{.image = place_image(image, placement, Filter::kBilinear), .placement = placement};
  if (instance) view.targets.instances = {{.keypoints = placed_joints(*instance, placement)}};
  put_heatmaps(instance ? view.targets.instances[0].keypoints : std::vector<Keypoint>{}, view);
  return view;
}

// ---- Question and losses.

TaskSpec Pose::spec() const {
  return {.heads = {config_.dot.embedding("embedding", width_, config_.queries.head_layers)},
          .queries = config_.queries.of({std::ssize(mirrored_)}),
          .supervised_layers = config_.auxiliary.supervised(num_layers_),
          .features = true};
}

LossCounts Pose::counts(const Batch& batch) const {
  std::vector<double> persons, joints;
  const at::Tensor weights = batch.arrays.at("weights").values.view({batch.size(), -1}).sum(1);
  for (int64_t i = 0; i < batch.size(); ++i) {
    joints.push_back(weights[i].item<double>());
    persons.push_back(batch.images[static_cast<size_t>(i)].targets.instances.empty() ? 0 : 1);
  }
  if (config_.heatmap_loss == HeatmapLoss::kCrossEntropy) return {{"joints", std::move(joints)}};
  return {{"persons", std::move(persons)}};
}

Question Pose::ask(Batch batch, bool) const {
  Question question = viewer_.look_at(std::move(batch));
  question.queries = {{.asked = LearnedQueries{std::ssize(mirrored_)}, .images = question.view.plan.all()}};
  return question;
}

at::Tensor Pose::products(const Answer& answer, const BatchPlan& plan, int64_t layer) const {
  return at::cat(map_products(answer.features, plan, answer.at("embedding")[layer], config_.dot));
}

at::Tensor Pose::heatmaps(const at::Tensor& products) const {
  if (config_.heatmap_loss != HeatmapLoss::kCrossEntropy) return products;
  constexpr double kSum = 2 * std::numbers::pi * kHeatmapSigma * kHeatmapSigma;  // of a Gaussian of peak 1
  return (products.flatten(2).softmax(2) * kSum).view_as(products);
}

Losses Pose::losses(std::span<const Answer> answers, const Question& question) const {
  const int64_t joints = std::ssize(mirrored_);
  const at::Tensor targets = question.batch.arrays.at("heatmaps").values.view({-1, joints, map_.height, map_.width});
  const at::Tensor weights = question.batch.arrays.at("weights").values.view({-1, joints});
  const char* count = config_.heatmap_loss == HeatmapLoss::kCrossEntropy ? "joints" : "persons";
  Losses losses;
  int64_t answered = 0;
  for (const auto& [number, weight] : config_.auxiliary.layers()) {
    const at::Tensor maps = products(answers[0], question.view.plan, answered++);
    const at::Tensor by_image = heatmap_losses(maps, targets, weights, config_.heatmap_loss, config_.beta);
    losses.terms.push_back({"heatmap", by_image.sum(), weight * config_.loss_scale, count, number, by_image.detach()});
  }
  losses.diagnostics = {query_spread(answers[0].at("embedding")[-1])};
  return losses;
}

// ---- Predictions and pictures.

std::vector<ScoredKeypoint> Pose::decoded(const at::Tensor& maps) const {
  const std::vector<double> values = to_doubles(maps);
  const auto cells = static_cast<size_t>(map_.height * map_.width);
  std::vector<ScoredKeypoint> joints;
  for (size_t i = 0; i < values.size(); i += cells)
    joints.push_back(decode_heatmap(std::span(values).subspan(i, cells), map_));
  return joints;
}

at::Tensor Pose::mean_of_views(const at::Tensor& maps, const Batch& batch, const ImageRange& sample) const {
  at::Tensor sum;
  for (int64_t i = sample.first; i < sample.first + sample.count; ++i) {
    at::Tensor view = maps[i];
    if (batch.images[static_cast<size_t>(i)].placement.is_mirrored())
      view = view.flip(2).index_select(0, at::tensor(mirrored_, view.options().dtype(at::kLong)));
    sum = sum.defined() ? sum + view : view;
  }
  return sum / sample.count;
}

Detection Pose::detection(const at::Tensor& maps, const BatchImage& image) const {
  Affine to_original = image.placement.to_original();  // of the straight picture
  if (image.placement.is_mirrored())
    to_original = then(Affine{-1, 0, static_cast<double>(crop_width_), 0, 1, 0}, to_original);
  const Affine to_picture = picture_to_heatmap(crop_height_, crop_width_, map_).inverse();
  Detection detection{.keypoints = decoded(maps)};
  detection.score = pose_score(detection.keypoints, image.truth->person->score.value());
  for (ScoredKeypoint& joint : detection.keypoints) {
    const PointXy p = apply(to_original, apply(to_picture, PointXy{joint.x, joint.y}));
    joint = {p.x, p.y, joint.score};
  }
  const double aspect = static_cast<double>(crop_width_) / static_cast<double>(crop_height_);
  const PersonCrop crop = crop_around(image.truth->person->box, aspect);
  detection.box = to_corners(BoxXywh{crop.cx - crop.width / 2, crop.cy - crop.height / 2, crop.width, crop.height});
  return detection;
}

std::vector<Prediction> Pose::predict(const AnsweredBatch& answered) const {
  const int64_t last = answered.answers[0].at("embedding").size(0) - 1;
  const at::Tensor maps =
      to_host(heatmaps(products(answered.answers[0], answered.question.view.plan, last))).to(at::kDouble);
  std::vector<Prediction> predictions;
  for (const ImageRange& sample : answered.batch.samples()) {
    const BatchImage& image = answered.batch.images[static_cast<size_t>(sample.first)];
    Prediction prediction{.height = image.placement.original_height(), .width = image.placement.original_width()};
    if (image.truth->person->score) prediction.detections = {detection(mean_of_views(maps, answered.batch, sample), image)};
    predictions.push_back(std::move(prediction));
  }
  return predictions;
}

Image Pose::with_joints(Image image, std::span<const Keypoint> joints) const {
  draw_keypoints(image, joints, vocabulary_.limbs, class_color(0));
  return image;
}

std::vector<std::vector<Image>> Pose::pictures(std::span<const Answer> answers, const Question& question) const {
  const at::NoGradGuard no_grad;
  const BatchPlan& plan = question.view.plan;
  const at::Tensor maps = heatmaps(products(answers[0], plan, answers[0].at("embedding").size(0) - 1));
  const std::vector<Image> crops = to_images(question);
  const Affine to_picture = picture_to_heatmap(crop_height_, crop_width_, map_).inverse();
  std::vector<std::vector<Image>> rows;
  for (const ImageRange& sample : question.batch.samples()) {  // its first view, which isn't mirrored
    const auto i = static_cast<size_t>(sample.first);
    const at::Tensor of_person = maps[sample.first];
    const Image heat = heat_map(to_doubles(of_person.amax(0)), map_.height, map_.width, 0, 1);
    const auto& instances = question.batch.images[i].targets.instances;
    rows.push_back({with_joints(crops[i], drawable(decoded(of_person), to_picture)),
                    with_joints(crops[i], instances.empty() ? std::vector<Keypoint>{} : instances[0].keypoints),
                    resize(heat, crop_height_, crop_width_, Filter::kBilinear)});
  }
  return rows;
}

}  // namespace glid
