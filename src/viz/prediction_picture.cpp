#include "glid/viz/prediction_picture.h"

#include <algorithm>
#include <map>
#include <ranges>

#include "glid/core/format.h"
#include "glid/data/heatmaps.h"
#include "glid/formats/resize.h"
#include "glid/viz/drawing_scale.h"
#include "glid/viz/image_grid.h"
#include "glid/viz/label.h"

namespace glid {
namespace {

constexpr int kGapPx = 6;
constexpr int64_t kLegendPx = 240;           // at least
constexpr int64_t kTrainingPicturePx = 256;  // of the longer side, at least

Instance instance_of(const Detection& detection) {
  Instance instance{.category = detection.category, .box = detection.box, .mask = detection.mask};
  for (const ScoredKeypoint& joint : detection.keypoints)
    instance.keypoints.push_back(
        {joint.x, joint.y, joint.score > kCertainJoint ? Visibility::kVisible : Visibility::kHidden});
  return instance;
}

// Those that are drawn, the best last.
auto drawn_detections(const Prediction& prediction, double score) {
  return prediction.detections | std::views::filter([score](const Detection& d) { return d.score >= score; }) |
         std::views::reverse;
}

std::vector<std::string> scores_of(const Prediction& prediction, double score) {
  std::vector<std::string> notes;
  for (const Detection& detection : drawn_detections(prediction, score)) notes.push_back(format("{:.2f}", detection.score));
  return notes;
}

// Empty where something is drawn, or nothing was found.
std::string note_of_none(const Prediction& prediction, const Vocabulary& vocabulary, double score) {
  const auto best = std::ranges::max_element(prediction.detections, {}, &Detection::score);
  if (best == prediction.detections.end() || best->score >= score) return {};
  const Vocabulary::Class& c = vocabulary.objects.at(static_cast<size_t>(best->category));
  return format("best: {} {:.2g}, under {:.2g}", class_label(c.name, c.id), best->score, score);
}

bool has_maps_of_classes(const Prediction& prediction) {
  return !prediction.semantic.empty() || !prediction.panoptic.ids.empty();
}

Image side_by_side(const std::vector<SamplePicture>& pictures) {
  std::vector<std::vector<Image>> row(1);
  for (const auto& [image, caption] : pictures) row[0].push_back(captioned(image, caption));
  return row[0].size() == 1 ? row[0][0] : grid(row, {}, kGapPx);
}

}  // namespace

Targets drawable_targets(const Prediction& prediction, double score) {
  Targets targets;
  const auto& scores = prediction.label_scores;
  if (!scores.empty()) targets.label = std::ranges::max_element(scores) - scores.begin();
  for (const Detection& detection : drawn_detections(prediction, score)) targets.instances.push_back(instance_of(detection));
  targets.semantic = prediction.semantic;
  targets.panoptic = prediction.panoptic;
  targets.depth.assign(prediction.depth.begin(), prediction.depth.end());
  return targets;
}

Image prediction_picture(const Image& image, const std::string& name, const Prediction& prediction,
                         const Vocabulary& vocabulary, double score) {
  const Sample sample{.name = name, .image = image, .targets = drawable_targets(prediction, score)};
  const int64_t side_px = std::clamp(std::max(image.height, image.width), kSmallestPx, kLargestPx);
  SamplePictures drawn = draw_sample(sample, vocabulary, side_px, scores_of(prediction, score));
  if (sample.targets.label)
    drawn.pictures[0].caption += format(" {:.2f}", prediction.label_scores[static_cast<size_t>(*sample.targets.label)]);
  else if (has_maps_of_classes(prediction) && prediction.detections.empty())
    drawn.pictures.erase(drawn.pictures.begin()), drawn.pictures[0].caption = name;
  const double scale = drawing_scale(drawn.pictures[0].image);
  Image pictures = side_by_side(drawn.pictures);
  if (const std::string note = note_of_none(prediction, vocabulary, score); !note.empty())
    pictures = captioned(pictures, note);
  if (!has_maps_of_classes(prediction) || drawn.classes.empty()) return pictures;
  const auto width = static_cast<int64_t>(static_cast<double>(std::max(pictures.width, kLegendPx)) / scale);
  return above(pictures, scaled(color_legend(drawn.classes, width), scale));
}

std::vector<Image> prediction_and_truth(const Image& image, const Prediction& prediction, const Targets& truth,
                                        const Vocabulary& vocabulary) {
  const int64_t side_px = std::max({kTrainingPicturePx, image.height, image.width});
  const auto drawn = [&](const Targets& targets, std::span<const std::string> notes) {
    return draw_sample({.image = image, .targets = targets}, vocabulary, side_px, notes).pictures.back().image;
  };
  std::vector<Image> row{drawn({}, {}), drawn(drawable_targets(prediction, kUsualScore), scores_of(prediction, kUsualScore)),
                         drawn(truth, {})};
  if (const std::string note = note_of_none(prediction, vocabulary, kUsualScore); !note.empty()) {
    row[1] = captioned(row[1], note);
    for (Image* other : {&row[0], &row[2]}) *other = captioned(*other, "");  // as high, and so at the same place
  }
  return row;
}

std::vector<std::string> titles_of_objects() {
  return {"image", format("prediction, scores from {}", kUsualScore), "truth"};
}

}  // namespace glid
