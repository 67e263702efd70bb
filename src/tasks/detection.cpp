#include "glid/tasks/detection.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/nn/transfer.h"
#include "glid/tasks/auxiliary.h"
#include "glid/tasks/box_losses.h"
#include "glid/tasks/class_loss.h"
#include "glid/viz/prediction_picture.h"
#include "query_spread.h"
#include "unit_pictures.h"

namespace glid {
namespace {

constexpr double kPrior = 0.01;  // probability of each class at the start (Lin et al., ICCV 2017)

// The objects to learn, without what only metrics need of them.
Targets learnable(const Targets& targets) {
  Targets objects;
  for (const Instance& instance : targets.instances)
    if (!instance.is_crowd && instance.box.x0 < instance.box.x1 && instance.box.y0 < instance.box.y1)
      objects.instances.push_back({.category = instance.category, .box = instance.box, .area = instance.area});
  return objects;
}

std::map<std::string, Array> arrays_of(const std::vector<Instance>& instances, const Placement& placement) {
  std::vector<float> boxes;
  std::vector<int64_t> labels;
  for (const Instance& instance : instances) {
    const BoxCxcywh box =
        to_cxcywh(instance.box, static_cast<double>(placement.height()), static_cast<double>(placement.width()));
    for (const double number : {box.cx, box.cy, box.width, box.height}) boxes.push_back(static_cast<float>(number));
    labels.push_back(instance.category);
  }
  const int64_t count = std::ssize(labels);
  return {{"boxes", {{count, 4}, std::move(boxes)}}, {"labels", {{count}, std::move(labels)}}};
}

// [Q, Q] true within a group.
at::Tensor mask_between(std::span<const QueryGroup> groups, const at::Device& device) {
  const int64_t all = groups.back().first + groups.back().count;
  const at::Tensor mask = at::zeros({all, all}, at::dtype(at::kBool).device(device));
  for (const QueryGroup& group : groups)
    mask.narrow(0, group.first, group.count).narrow(1, group.first, group.count).fill_(true);
  return mask;
}

}  // namespace

ObjectDetection::ObjectDetection(const DetectionConfig& config, const TaskContext& context)
    : config_(config), vocabulary_(context.vocabulary), size_px_(context.image_size_px), viewer_(context.model.encoder) {
  if (vocabulary_.objects.empty())
    throw UsageError("task.name", "needs boxes, of whose classes the data names none", std::string(DetectionConfig::kName),
                     "data.name: coco, voc or scenes have them");
  const double class_weight = config.class_loss == ClassLoss::kFocal ? 2 : 1;
  for (BoxWeights* weights : {&config_.cost, &config_.weight}) weights->of_class = weights->of_class.value_or(class_weight);
  if (config.auxiliary) supervised_layers_ = every_layer(context.model.decoder.layers);
}

TaskSpec ObjectDetection::spec() const {
  const bool focal = config_.class_loss == ClassLoss::kFocal;
  const int64_t count = std::ssize(vocabulary_.objects);
  std::vector<int64_t> learned;
  for (const QueryGroup& group : groups(/*training=*/true)) learned.push_back(group.count);
  return {.heads = {{.name = "class",
                     .outputs = focal ? count : count + 1,
                     .bias = focal ? -std::log((1 - kPrior) / kPrior) : 0,
                     .logits = focal ? Logits::kEach : Logits::kOneOf},
                    {.name = "box",
                     .outputs = 4,
                     .layers = config_.query.head_layers,
                     .references = config_.box_reference == BoxReference::kLearned ? 2 : 0}},
          .queries = config_.query.of(std::move(learned)),
          .supervised_layers = supervised_layers_};
}

std::vector<QueryGroup> ObjectDetection::groups(bool training) const {
  const OneToMany& many = config_.one_to_many;
  std::vector<QueryGroup> groups{{.count = config_.queries}};
  if (training && many.queries > 0)
    groups.push_back({.first = config_.queries, .count = many.queries, .repeats = many.repeats});
  return groups;
}

std::vector<PreparedImage> ObjectDetection::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                                    bool training) const {
  const Image& image = sample.image;
  const PictureSize size{image.height, image.width};
  const Placement placement =
      training ? config_.pictures.training(size, key, size_px_) : config_.pictures.evaluation(size, size_px_);
  PreparedImage prepared{.image = place_image(image, placement, Filter::kBilinear), .placement = placement};
  prepared.targets = place_targets(learnable(sample.targets), placement, {});
  prepared.arrays = arrays_of(prepared.targets.instances, placement);
  if (!training) {
    Targets truth;
    truth.instances = sample.targets.instances;
    prepared.truth = std::make_shared<const Targets>(std::move(truth));
  }
  return {std::move(prepared)};
}

LossCounts ObjectDetection::counts(const Batch& batch) const {
  const std::vector<int64_t>& lengths = batch.arrays.at("labels").lengths;
  LossCounts counts;
  std::string prefix;
  for (const QueryGroup& group : groups(/*training=*/true)) {
    std::vector<int64_t> targets;
    for (const int64_t length : lengths) targets.push_back(group.repeats * length);
    counts[prefix + "boxes"] = {targets.begin(), targets.end()};
    if (config_.class_loss == ClassLoss::kSoftmax) counts[prefix + "queries"] = cross_entropy_weights(targets, group.count);
    prefix = "many_";
  }
  return counts;
}

Question ObjectDetection::ask(Batch batch, bool training) const {
  Question question = viewer_.look_at(std::move(batch));
  const std::vector<QueryGroup> asked = groups(training);
  Query query{.asked = LearnedQueries{asked.back().first + asked.back().count}, .images = question.view.plan.all()};
  if (asked.size() > 1) query.self_mask = mask_between(asked, question.units.device());
  question.queries = {std::move(query)};
  return question;
}

ObjectDetection::Outputs ObjectDetection::Outputs::of(const QueryGroup& group) const {
  return {logits.narrow(2, group.first, group.count), boxes.narrow(2, group.first, group.count)};
}

ObjectDetection::Outputs ObjectDetection::outputs(const Answer& answer) {
  return {answer.at("class"), answer.at("box").sigmoid()};
}

ObjectDetection::Objects ObjectDetection::objects(const Question& question, at::ScalarType type) {
  const BatchArray &boxes = question.batch.arrays.at("boxes"), &labels = question.batch.arrays.at("labels");
  return {boxes.values.to(type), labels.values, labels.lengths};
}

at::Tensor ObjectDetection::costs(const Outputs& outputs, const Objects& objects) const {
  const at::NoGradGuard no_grad;
  const at::Tensor boxes = padded(objects.boxes, objects.number), labels = padded(objects.labels, objects.number);
  const at::Tensor of_class = config_.class_loss == ClassLoss::kFocal ? focal_costs(outputs.logits, labels)
                                                                      : cross_entropy_costs(outputs.logits, labels);
  return *config_.cost.of_class * of_class + config_.cost.l1 * l1_costs(outputs.boxes, boxes) +
         config_.cost.giou * giou_costs(outputs.boxes, boxes);
}

void ObjectDetection::add_terms(Losses& losses, const Outputs& all, const Objects& objects, const Matched& matched) const {
  const bool focal = config_.class_loss == ClassLoss::kFocal;
  const MatchedPairs& pairs = matched.pairs;
  const Outputs outputs = all.of(matched.group);
  const int64_t pictures = outputs.logits.size(1), num_classes = std::ssize(vocabulary_.objects);
  const at::Tensor classes = pairs.classes(objects.labels, pictures, matched.group.count, /*none=*/num_classes);
  const at::Tensor boxes = pairs.answers(outputs.boxes), truths = pairs.targets(objects.boxes);  // [L, P, 4]
  const auto add = [&](const char* name, const at::Tensor& sums, double weight, const char* count) {
    layered_terms(losses, {matched.prefix + name, sums, matched.weight * weight, matched.prefix + count},
                  supervised_layers_);
  };
  const BoxWeights& weight = config_.weight;
  if (focal) add("class", focal_sums(outputs.logits, classes), *weight.of_class, "boxes");
  else add("class", cross_entropy_sums(outputs.logits, classes), *weight.of_class, "queries");
  add("l1", pairs.sums(l1_losses(boxes, truths), pictures), weight.l1, "boxes");
  add("giou", pairs.sums(giou_losses(boxes, truths), pictures), weight.giou, "boxes");
}

Losses ObjectDetection::losses(std::span<const Answer> answers, const Question& question) const {
  const Outputs all = outputs(answers[0]);
  const Objects truth = objects(question, all.boxes.scalar_type());
  const std::vector<QueryGroup> asked = groups(/*training=*/all.boxes.size(2) > config_.queries);
  const std::vector<MatchedPairs> pairs = match(costs(all, truth), truth.number, asked);
  Losses losses;
  add_terms(losses, all, truth, {asked[0], pairs[0], "", 1});
  if (asked.size() > 1) add_terms(losses, all, truth, {asked[1], pairs[1], "many_", config_.one_to_many.weight});
  losses.diagnostics = {query_spread(all.of(asked[0]).boxes[-1])};
  return losses;
}

std::vector<Detection> ObjectDetection::best(const at::Tensor& logits, const at::Tensor& boxes,
                                             const Placement& placement) const {
  const int64_t num_classes = std::ssize(vocabulary_.objects);
  const at::Tensor probabilities = config_.class_loss == ClassLoss::kFocal ? logits.sigmoid() : logits.softmax(-1);
  const at::Tensor scores = probabilities.narrow(-1, 0, num_classes).flatten().to(at::kDouble);  // [Q K]
  const auto [sorted, order] = scores.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  const at::Tensor numbers = boxes.to(at::kDouble).contiguous();
  const auto height = static_cast<double>(placement.height()), width = static_cast<double>(placement.width());
  std::vector<Detection> best;
  for (int64_t i = 0; i < std::min(config_.max_detections, scores.size(0)); ++i) {
    const int64_t at = order.const_data_ptr<int64_t>()[i];
    const double* box = numbers.const_data_ptr<double>() + at / num_classes * 4;
    best.push_back({.category = at % num_classes,
                    .score = sorted.const_data_ptr<double>()[i],
                    .box = to_corners(BoxCxcywh{box[0], box[1], box[2], box[3]}, height, width),
                    .query = at / num_classes});
  }
  return best;
}

std::vector<Prediction> ObjectDetection::predict(const AnsweredBatch& answered) const {
  const Outputs all = outputs(answered.answers[0]);
  const at::Tensor logits = to_host(all.logits[-1]), boxes = to_host(all.boxes[-1]);
  std::vector<Prediction> predictions;
  for (int64_t i = 0; i < answered.batch.size(); ++i) {
    const Placement& placement = answered.batch.images[static_cast<size_t>(i)].placement;
    const int64_t height = placement.original_height(), width = placement.original_width();
    std::vector<Detection> detections = best(logits[i], boxes[i], placement);
    for (Detection& d : detections)
      d.box = clip(apply(placement.to_original(), d.box), static_cast<double>(height), static_cast<double>(width));
    predictions.push_back({.height = height, .width = width, .detections = std::move(detections)});
  }
  return predictions;
}

std::vector<std::string> ObjectDetection::picture_titles() const {
  const std::vector<std::string> titles = titles_of_objects();
  return {titles.begin() + 1, titles.end()};
}

std::vector<std::vector<Image>> ObjectDetection::pictures(std::span<const Answer> answers, const Question& question) const {
  const at::NoGradGuard no_grad;
  const Outputs all = outputs(answers[0]);
  const at::Tensor logits = to_host(all.logits[-1]), boxes = to_host(all.boxes[-1]);
  const std::vector<Image> images = to_images(question);
  std::vector<std::vector<Image>> rows;
  for (size_t i = 0; i < images.size(); ++i) {
    const BatchImage& known = question.batch.images[i];
    const auto at = static_cast<int64_t>(i);
    std::vector<Image> row = prediction_and_truth(images[i], {.detections = best(logits[at], boxes[at], known.placement)},
                                                  known.targets, vocabulary_);
    row.erase(row.begin());  // boxes hide little of the image
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace glid
