#include "glid/tasks/classification.h"

#include <ATen/ATen.h>

#include <cmath>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/data/transforms.h"
#include "glid/nn/transfer.h"
#include "glid/viz/draw.h"
#include "glid/viz/label.h"
#include "unit_pictures.h"

namespace glid {
namespace {

// [B, K], the answers to [CLS].
at::Tensor logits_of(std::span<const Answer> answers) { return answers[0].at("class").select(0, -1).squeeze(1); }

at::Tensor labels_of(const Batch& batch) { return batch.arrays.at("label").values; }  // [B]

}  // namespace

Classification::Classification(const ClassificationConfig& config, const TaskContext& context)
    : config_(config), classes_(context.vocabulary.images), size_px_(context.image_size_px), viewer_(context.model.encoder) {
  if (classes_.empty())
    throw UsageError("task.name", "needs images with classes, and the data has none", "classification",
                     "data.name: imagenet reads a folder a class");
}

TaskSpec Classification::spec() const {
  return {.heads = {{.name = "class", .outputs = std::ssize(classes_), .logits = Logits::kOneOf}}, .reads = config_.input()};
}

std::vector<PreparedImage> Classification::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                                   bool training) const {
  if (!sample.targets.label) throw DataError(sample.name, "has no class");
  const Image& image = sample.image;
  const Placement placement = square_placement(image.height, image.width, key, size_px_, config_.crop_area, training);
  PreparedImage prepared{.image = place_image(image, placement, Filter::kBicubic), .placement = placement};
  if (training) erase_randomly(prepared.image, config_.erase, key);
  prepared.arrays["label"] = {{1}, std::vector<int64_t>{*sample.targets.label}};
  if (!training) prepared.truth = std::make_shared<const Targets>(Targets{.label = sample.targets.label});
  return {std::move(prepared)};
}

LossCounts Classification::counts(const Batch& batch) const {
  return {{"images", std::vector<double>(static_cast<size_t>(batch.size()), 1.0)}};
}

Question Classification::ask(Batch batch, bool training) const {
  Question question = viewer_.look_at(std::move(batch));
  question.queries = {{.asked = ClsQuery{}, .images = question.view.plan.all()}};
  if (config_.reads == ClassReader::kEncoder) question.queries[0].asked = EncodedImage{};
  if (training && config_.mixing.mixes()) mix(question);
  return question;
}

void Classification::mix(Question& question) const {
  const std::vector<PairMix> mixes = draw_mixes(config_.mixing, question.batch, size_px_);
  question.units = mix_pictures(question.units, mixes, question.view.plan.runs.at(0).plan->grid);
  question.targets["classes"] = mix_labels(labels_of(question.batch), mixes, std::ssize(classes_), size_px_);
}

Losses Classification::losses(std::span<const Answer> answers, const Question& question) const {
  const at::Tensor logits = logits_of(answers);
  const auto mixed = question.targets.find("classes");
  const at::Tensor target =
      mixed == question.targets.end() ? labels_of(question.batch) : mixed->second.to(logits.scalar_type());
  const at::Tensor losses =
      at::cross_entropy_loss(logits, target, {}, at::Reduction::None, /*ignore_index=*/-100, config_.smoothing);
  return {{{.name = "class", .sum = losses.sum(), .count = "images", .by_image = losses.detach()}}, {}};
}

std::vector<Reference> Classification::references(const Question& question) const {
  const at::Tensor by_chance =
      at::full({question.batch.size(), 1}, std::log(static_cast<double>(classes_.size())), at::kDouble);
  return {{.name = "equal classes", .prediction = by_chance, .target = at::zeros_like(by_chance), .absolute = true}};
}

std::vector<Prediction> Classification::predict(const AnsweredBatch& answered) const {
  const at::Tensor probabilities = logits_of(answered.answers).softmax(-1);
  std::vector<Prediction> predictions;
  for (const ImageRange& views : answered.batch.samples()) {
    const at::Tensor mean = probabilities.narrow(0, views.first, views.count).mean(0);
    const Placement& placement = answered.batch.images[static_cast<size_t>(views.first)].placement;
    predictions.push_back(
        {.height = placement.original_height(), .width = placement.original_width(), .label_scores = to_doubles(mean)});
  }
  return predictions;
}

std::vector<std::string> Classification::picture_titles() const { return {"predicted", "truth"}; }

std::vector<std::vector<Image>> Classification::pictures(std::span<const Answer> answers, const Question& question) const {
  const at::NoGradGuard no_grad;
  const auto [scores, predicted] = to_host(logits_of(answers).softmax(-1)).max(-1);
  const at::Tensor truth = to_host(labels_of(question.batch));
  const std::vector<Image> images = to_images(question.units, question.view.plan.runs[0].plan->grid);  // all of one size
  const auto named = [&](Image image, int64_t label, const std::string& note) {
    const Box all{0, 0, static_cast<double>(image.width), static_cast<double>(image.height)};
    const Vocabulary::Class& c = classes_[static_cast<size_t>(label)];
    draw_box(image, all, class_color(label), class_label(c.name, c.id) + note);
    return image;
  };
  std::vector<std::vector<Image>> rows;
  for (int64_t i = 0; i < std::ssize(images); ++i) {
    const Image& image = images[static_cast<size_t>(i)];
    const std::string score = format(" {:.2f}", scores[i].item<double>());
    rows.push_back({named(image, predicted[i].item<int64_t>(), score), named(image, truth[i].item<int64_t>(), "")});
  }
  return rows;
}

}  // namespace glid
