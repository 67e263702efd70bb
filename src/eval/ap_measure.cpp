// Average precision of a model's boxes and masks: truths by the rules of COCO's files, detections as in its result files.
#include <cmath>
#include <optional>

#include "ap_settings.h"
#include "glid/core/error.h"
#include "glid/metrics/coco_ap.h"
#include "measures.h"
#include "reports.h"

namespace glid {
namespace {

// One sample as average_precision.h wants it.
class SampleView {
 public:
  SampleView(const PredictedSample& sample, const ApParameters& parameters)
      : sample_(sample), parameters_(parameters), is_mask_(parameters.kind == CocoKind::kMask) {
    for (const Instance& instance : sample.truth.instances) add(instance);
    for (const Detection& detection : sample.prediction.detections) add(detection);
  }

  ApImage image() {
    return {sample_.id, truths_, detections_, [this](size_t detection, size_t truth) { return iou(detection, truth); }};
  }

 private:
  void add(const Instance& instance) {
    boxes_.push_back(to_xywh(instance.box));
    masks_.emplace_back();
    if (is_mask_ && !instance.mask.counts.empty()) masks_.back() = boxed(instance.mask);
    truths_.push_back(ap_truth({.category = static_cast<int32_t>(instance.category),
                                .is_crowd = instance.is_crowd || instance.is_difficult,
                                .box = boxes_.back(),
                                .area = instance.area},
                               parameters_));
  }

  void add(const Detection& detection) {
    if (std::isnan(detection.score))
      throw Error(ExitCode::kNumerical, sample_.name, "has a prediction whose score is not a number");
    detected_boxes_.push_back(to_xywh(detection.box));
    double area = detected_boxes_.back().area();
    if (is_mask_) area = static_cast<double>(detected_masks_.emplace_back(boxed(detection.mask)).area);
    detections_.push_back({detection.score, area, static_cast<int32_t>(detection.category)});
  }

  double iou(size_t detection, size_t truth) const {
    const bool is_crowd = truths_[truth].is_crowd;
    if (!is_mask_) return ap_similarity(detected_boxes_[detection], boxes_[truth], is_crowd, parameters_);
    return masks_[truth] ? rle_iou(detected_masks_[detection], *masks_[truth], is_crowd) : 0;
  }

  const PredictedSample& sample_;
  const ApParameters& parameters_;
  bool is_mask_;
  std::vector<ApTruth> truths_;
  std::vector<BoxXywh> boxes_;                  // of the truths
  std::vector<std::optional<BoxedRle>> masks_;  // likewise; one without a mask is never found
  std::vector<ApDetection> detections_;
  std::vector<BoxXywh> detected_boxes_;
  std::vector<BoxedRle> detected_masks_;
};

template <class Settings>
class ApMeasure : public Measure {
 public:
  ApMeasure(const Settings& settings, const Vocabulary& vocabulary)
      : settings_(settings), parameters_(ap_parameters(settings)), metric_(parameters_, std::ssize(vocabulary.objects)) {
    require_classes(Settings::kName, vocabulary.objects);
    for (const Vocabulary::Class& object : vocabulary.objects) categories_.push_back({object.id, object.name});
  }
  void add(const PredictedSample& sample) override { metric_.add(SampleView(sample, parameters_).image()); }
  ApAccumulator& metric() override { return metric_; }
  Report report() const override {
    ApReport found{.result = metric_.result(), .num_images = metric_.num_images()};
    found.numbers = ap_numbers(found.result);
    found.per_class = ap_classes(found.result, categories_);
    return named_report(report_of(found, rules_of(settings_)), settings_);
  }

 private:
  Settings settings_;
  ApParameters parameters_;
  std::vector<ApCategory> categories_;
  ApAccumulator metric_;
};

}  // namespace

std::unique_ptr<Measure> measure_of(const BoxSettings& settings, const Vocabulary& vocabulary) {
  return std::make_unique<ApMeasure<BoxSettings>>(settings, vocabulary);
}

std::unique_ptr<Measure> measure_of(const MaskSettings& settings, const Vocabulary& vocabulary) {
  return std::make_unique<ApMeasure<MaskSettings>>(settings, vocabulary);
}

}  // namespace glid
