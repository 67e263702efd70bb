#include "glid/metrics/coco_ap.h"

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/parallel_for.h"
#include "glid/geometry/rle.h"
#include "glid/metrics/keypoint_similarity.h"

namespace glid {
namespace {

// Indices of items image by image, in their order within one.
class ByImage {
 public:
  ByImage(size_t num_images, const std::vector<uint32_t>& items, const std::function<uint32_t(uint32_t item)>& image_of)
      : begin_(num_images + 1), items_(items.size()) {
    for (uint32_t item : items) ++begin_[image_of(item) + 1];
    for (size_t i = 0; i < num_images; ++i) begin_[i + 1] += begin_[i];
    std::vector<size_t> next = begin_;
    for (uint32_t item : items) items_[next[image_of(item)]++] = item;
  }

  std::span<const uint32_t> of(size_t image) const {
    return std::span(items_).subspan(begin_[image], begin_[image + 1] - begin_[image]);
  }

 private:
  std::vector<size_t> begin_;
  std::vector<uint32_t> items_;
};

// The annotations in the reference's order, image by image; of those that share an id the last in place of all, or none
// where the last one was left out.
std::vector<uint32_t> truths_in_order(const CocoIndex& truth) {
  std::unordered_map<int64_t, uint32_t> last;
  if (truth.notes().repeated_annotation_ids > 0) {
    for (uint32_t i = 0; i < truth.annotations().size(); ++i) last[truth.annotations()[i].id] = i;
  }
  std::vector<uint32_t> order;
  for (size_t image = 0; image < truth.images().size(); ++image) {
    for (uint32_t i : truth.annotations_of(image))
      if (const CocoAnnotation& annotation = truth.annotations()[i]; !annotation.is_replaced)
        order.push_back(last.empty() ? i : last.at(annotation.id));
  }
  return order;
}

std::vector<uint32_t> results_in_order(const CocoResults& results) {
  std::vector<uint32_t> order(results.results.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  return order;
}

std::string name_of(const CocoIndex& truth, const CocoAnnotation& annotation) {
  return format("{}: {}", truth.where(), truth.name_of(annotation));
}

bool have_boxes(const CocoIndex& truth) { return std::ranges::all_of(truth.annotations(), &CocoAnnotation::has_box); }

void check_joints(const std::string& where, uint64_t num_numbers, const ApParameters& parameters) {
  if (num_numbers == parameters.keypoint_sigmas.size() * 3) return;
  throw UsageError("eval.sigmas", format("has {} numbers, but {} joints", parameters.keypoint_sigmas.size(), where),
                   format("{}", num_numbers / 3), "give a sigma for each joint");
}

void check_truths(const CocoIndex& truth, const ApParameters& parameters) {
  const bool is_pose = parameters.kind == CocoKind::kKeypoint;
  const CocoUse use = coco_use(parameters);
  const bool are_boxed = have_boxes(truth);
  for (const CocoAnnotation& annotation : truth.annotations()) {
    const auto require = [&](bool has, const char* field, const char* hint = "") {
      if (!has) throw DataError(name_of(truth, annotation), format("has no '{}', which the metric needs", field), {}, hint);
    };
    require(annotation.has_area || !use.areas, "area",
            are_boxed ? "--protocol coco_box_area takes width x height of its box" : "");
    require(annotation.has_box || !use.boxes, "bbox");
    require(annotation.has_keypoints || !is_pose, "keypoints");
    require(annotation.has_num_keypoints || !is_pose, "num_keypoints");
    if (is_pose) check_joints(name_of(truth, annotation) + " has other", annotation.keypoints.size(), parameters);
  }
}

// Where one side has no mask at all, all that masks can give is an AP of 0 that says nothing.
void check_masks(const CocoIndex& truth, const CocoResults& results) {
  const auto fail = [&](const std::string& where, size_t count, const char* what) {
    throw DataError(where, "has no mask", format("{} {} without one", count, what),
                    have_boxes(truth) ? "--task box compares boxes" : "");
  };
  const auto annotations = truth.annotations();
  const int64_t num_without = results.notes.boxes_as_masks + results.notes.empty_segmentations;
  if (!annotations.empty() && std::ranges::none_of(annotations, &CocoAnnotation::has_mask))
    fail(truth.where(), annotations.size(), "annotations");
  if (!results.results.empty() && num_without == std::ssize(results.results))
    fail(results.where, results.results.size(), "results");
}

void check_results(const CocoResults& results, const ApParameters& parameters) {
  const size_t num_results = results.results.size();
  const bool is_mask = parameters.kind == CocoKind::kMask, is_pose = parameters.kind == CocoKind::kKeypoint;
  if ((is_mask && results.masks.size() != num_results) || (is_pose && results.keypoints_begin.size() != num_results + 1)) {
    throw std::invalid_argument("evaluate_coco: the results were read for another kind");
  }
  for (size_t i = 0; is_pose && i < num_results; ++i) {
    check_joints(format("{} has results of other", results.where), results.keypoints_of(i).size(), parameters);
  }
}

// One image at a time as average_precision.h wants it.
class ImageView {
 public:
  ImageView(const CocoIndex& truth, const CocoResults& results, const ApParameters& parameters)
      : truth_(truth), results_(results), parameters_(parameters) {}

  ApImage look_at(size_t image, std::span<const uint32_t> truths, std::span<const uint32_t> detections) {
    truth_indices_ = truths;
    detection_indices_ = detections;
    truths_.clear();
    detections_.clear();
    masks_.assign(parameters_.kind == CocoKind::kMask ? truths.size() : 0, {});
    for (uint32_t i : truths) truths_.push_back(plain(truth_.annotations()[i]));
    for (uint32_t i : detections) {
      const CocoResult& result = results_.results[i];
      detections_.push_back({result.score, result.area, static_cast<int32_t>(result.category)});
    }
    return {static_cast<int64_t>(image), truths_, detections_, similarity()};
  }

 private:
  ApTruth plain(const CocoAnnotation& annotation) const {
    return ap_truth({static_cast<int32_t>(annotation.category), annotation.is_crowd, annotation.box, annotation.area,
                     annotation.num_keypoints, annotation.is_difficult},
                    parameters_);
  }

  const CocoAnnotation& annotation(size_t truth) const { return truth_.annotations()[truth_indices_[truth]]; }

  std::function<double(size_t, size_t)> similarity() {
    switch (parameters_.kind) {
      case CocoKind::kBox:
        return [this](size_t detection, size_t truth) {
          return ap_similarity(results_.results[detection_indices_[detection]].box, annotation(truth).box,
                               truths_[truth].is_crowd, parameters_);
        };
      case CocoKind::kMask: return [this](size_t detection, size_t truth) { return mask_iou(detection, truth); };
      case CocoKind::kKeypoint: return [this](size_t detection, size_t truth) { return pose_similarity(detection, truth); };
    }
    throw std::invalid_argument("evaluate_coco: kind");
  }

  double mask_iou(size_t detection, size_t truth) {
    if (!annotation(truth).has_mask()) return 0;
    if (!masks_[truth]) masks_[truth] = boxed(truth_.segmentation(annotation(truth)));
    return rle_iou(results_.masks[detection_indices_[detection]], *masks_[truth], truths_[truth].is_crowd);
  }

  double pose_similarity(size_t detection, size_t truth) const {
    const CocoAnnotation& pose = annotation(truth);
    return keypoint_similarity(results_.keypoints_of(detection_indices_[detection]),
                               {truth_.keypoints(pose), pose.box, truths_[truth].area}, parameters_.keypoint_sigmas);
  }

  const CocoIndex& truth_;
  const CocoResults& results_;
  const ApParameters& parameters_;
  std::span<const uint32_t> truth_indices_, detection_indices_;
  std::vector<ApTruth> truths_;
  std::vector<ApDetection> detections_;
  std::vector<std::optional<BoxedRle>> masks_;  // of truths, made when first compared
};

// All images added to copies of `empty`, a thread one, and merged.
template <class Accumulator>
Accumulator accumulated(const CocoIndex& truth, const CocoResults& results, const ApRequest& request,
                        const Accumulator& empty) {
  const size_t num_images = truth.images().size();
  const ByImage truths(num_images, truths_in_order(truth), [&](uint32_t i) { return truth.annotations()[i].image; });
  const ByImage detections(num_images, results_in_order(results), [&](uint32_t i) { return results.results[i].image; });
  const auto num_threads = static_cast<size_t>(std::max<int64_t>(request.num_threads, 1));
  std::vector<Accumulator> parts(num_threads, empty);
  std::vector<ImageView> views(num_threads, ImageView(truth, results, request.parameters));
  parallel_for(static_cast<int64_t>(num_images), request.num_threads, [&](int64_t i, int64_t thread) {
    const auto image = static_cast<size_t>(i), t = static_cast<size_t>(thread);
    parts[t].add(views[t].look_at(image, truths.of(image), detections.of(image)));
  });
  for (size_t t = 1; t < num_threads; ++t) parts[0].merge(parts[t]);
  return std::move(parts[0]);
}

ApAccumulator matches_of(const CocoIndex& truth, const CocoResults& results, const ApRequest& request) {
  return accumulated(truth, results, request, ApAccumulator(request.parameters, std::ssize(truth.categories())));
}

std::vector<ApCategory> categories_of(const CocoIndex& truth) {
  std::vector<ApCategory> categories;
  for (const CocoCategory& category : truth.categories())
    categories.push_back({category.id, std::string(truth.text(category.name))});
  return categories;
}

}  // namespace

CocoUse coco_use(const ApParameters& parameters) {
  const bool are_masks = parameters.kind == CocoKind::kMask;
  return {.learning = false,
          .files = false,
          .sizes = are_masks,
          .boxes = !are_masks || parameters.uses_box_area,
          .areas = !parameters.uses_box_area,
          .masks = are_masks,
          .keypoints = parameters.kind == CocoKind::kKeypoint};
}

std::vector<ApClass> ap_classes(const ApResult& result, const std::vector<ApCategory>& categories) {
  std::vector<ApClass> classes;
  if (result.parameters.pools_categories) return classes;
  const size_t num_ranges = result.parameters.area_ranges.size(), all = result.parameters.range_of_all();
  for (size_t i = 0; i < categories.size(); ++i)
    classes.push_back({categories[i].id, categories[i].name, result.num_truths[i * num_ranges + all],
                       result.num_detections[i], ap_numbers(result, i)});
  return classes;
}

ApTruth ap_truth(const CocoTruth& truth, const ApParameters& parameters) {
  const bool is_difficult = (truth.is_crowd || truth.is_difficult) && parameters.matching == Matching::kVoc;
  const bool is_empty = parameters.kind == CocoKind::kKeypoint && truth.num_keypoints == 0;
  return {.area = parameters.uses_box_area ? truth.box.area() : truth.area,
          .category = truth.category,
          .is_crowd = truth.is_crowd && !is_difficult,
          .is_ignored = is_difficult || is_empty};
}

double ap_similarity(const BoxXywh& detection, const BoxXywh& truth, bool truth_is_crowd, const ApParameters& parameters) {
  const double more = parameters.has_inclusive_corners ? 1 : 0;
  const auto with_corners = [&](const BoxXywh& box) { return BoxXywh{box.x, box.y, box.width + more, box.height + more}; };
  return coco_iou(with_corners(detection), with_corners(truth), truth_is_crowd);
}

ApAccumulator match_coco(const CocoIndex& truth, const CocoResults& results, const ApRequest& request) {
  request.parameters.check();
  check_truths(truth, request.parameters);
  check_results(results, request.parameters);
  if (request.parameters.kind == CocoKind::kMask) check_masks(truth, results);
  return matches_of(truth, results, request);
}

ApReport evaluate_coco(const CocoIndex& truth, const CocoResults& results, const ApRequest& request) {
  return ap_report(truth, results, match_coco(truth, results, request), request.num_threads);
}

ApReport ap_report(const CocoIndex& truth, const CocoResults& results, const ApAccumulator& matches, int64_t num_threads) {
  ApReport report;
  report.result = matches.finish(std::ssize(truth.images()), num_threads);
  report.numbers = ap_numbers(report.result);
  report.per_class = ap_classes(report.result, categories_of(truth));
  report.num_images = static_cast<int64_t>(truth.images().size());
  report.notes = truth.notes().lines();
  for (std::string& line : results.notes.lines()) report.notes.push_back(std::move(line));
  return report;
}

DetectionConfusion confusion_of_coco(const CocoIndex& truth, const CocoResults& results, const ApRequest& request) {
  return accumulated(truth, results, request, DetectionConfusion(std::ssize(truth.categories())));
}

}  // namespace glid
