// A model's poses by COCO's rules: joints as its files count them, persons gathered by image.
#include <cmath>

#include "ap_settings.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/coco_json.h"
#include "glid/metrics/pose_precision.h"
#include "measures.h"
#include "reports.h"

namespace glid {
namespace {

AnnotatedPose annotated(const Instance& instance, size_t num_joints) {
  AnnotatedPose pose{{}, to_xywh(instance.box), instance.area, instance.is_crowd};
  for (const Keypoint& joint : instance.keypoints) {
    pose.joints.insert(pose.joints.end(),
                       {joint.x - kCocoJointOffset, joint.y - kCocoJointOffset, static_cast<double>(joint.visibility)});
  }
  pose.joints.resize(3 * num_joints);  // a crowd has none
  return pose;
}

EstimatedPose estimated(const Detection& detection) {
  EstimatedPose pose{.score = detection.score, .area = to_xywh(detection.box).area()};
  for (const ScoredKeypoint& joint : detection.keypoints)
    pose.joints.insert(pose.joints.end(), {joint.x - kCocoJointOffset, joint.y - kCocoJointOffset, joint.score});
  return pose;
}

class PoseMeasure : public Measure {
 public:
  PoseMeasure(const KeypointSettings& settings, const Vocabulary& vocabulary)
      : settings_(settings), parameters_(ap_parameters(settings)), classes_(vocabulary.objects), metric_(parameters_) {
    if (vocabulary.joints.size() != parameters_.keypoint_sigmas.size())
      throw UsageError("eval.sigmas", "must be as many as the data's joints",
                       format("{} for {} joints", parameters_.keypoint_sigmas.size(), vocabulary.joints.size()));
  }
  void add(const PredictedSample& sample) override { add_person(sample, parameters_.keypoint_sigmas.size(), metric_); }
  PosePrecision& metric() override { return metric_; }
  Report report() const override {
    Report report;
    report.rules = rules_of(settings_);
    report.images = metric_.num_images();
    report.unit = kFractions;
    report.metrics = named_values(metric_.values());
    if (classes_.size() == 1) report.per_class = {{classes_[0].id, classes_[0].name, report.metrics}};
    return named_report(std::move(report), settings_);
  }

 private:
  KeypointSettings settings_;
  ApParameters parameters_;
  std::vector<Vocabulary::Class> classes_;
  PosePrecision metric_;
};

}  // namespace

void add_person(const PredictedSample& sample, size_t num_joints, PosePrecision& metric) {
  if (!sample.truth.person) throw DataError(sample.name, "is no sample of one person");
  const Person& person = *sample.truth.person;
  std::vector<AnnotatedPose> truths;
  for (const Instance& instance : sample.truth.instances) truths.push_back(annotated(instance, num_joints));
  PersonResult result{.id = sample.id, .image = person.image, .of_image = person.of_image, .truth = person.instance};
  for (const Detection& detection : sample.prediction.detections) {
    if (std::isnan(detection.score))
      throw Error(ExitCode::kNumerical, sample.name, "has a prediction whose score is not a number");
    result.pose = estimated(detection);
  }
  metric.add(std::move(result), truths);
}

std::unique_ptr<Measure> measure_of(const KeypointSettings& settings, const Vocabulary& vocabulary) {
  return std::make_unique<PoseMeasure>(settings, vocabulary);
}

}  // namespace glid
