// Average precision of a COCO result file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glid/formats/coco_json.h"
#include "glid/formats/coco_results.h"
#include "glid/metrics/average_precision.h"
#include "glid/metrics/detection_confusion.h"

namespace glid {

struct ApRequest {
  ApParameters parameters = ap_parameters(ApProtocol::kCoco, CocoKind::kBox);
  int64_t num_threads = 1;  // changes nothing but the time
};

struct ApClass {
  int64_t id = 0;
  std::string name;
  int64_t num_truths = 0;  // those that count, of any size in the range "all"
  int64_t num_detections = 0;
  std::vector<MetricValue> numbers;
};

struct ApReport {
  std::vector<MetricValue> numbers;
  std::vector<ApClass> per_class;  // by category id; empty when pooled
  ApResult result;                 // the curves; categories and images in CocoIndex's order
  int64_t num_images = 0;
  std::vector<std::string> notes;  // legal, but worth a line
};

struct ApCategory {
  int64_t id = 0;
  std::string name;
};

// Of every category; none when they are pooled.
std::vector<ApClass> ap_classes(const ApResult& result, const std::vector<ApCategory>& categories);

// What the rules look at of a truth, wherever it comes from.
struct CocoTruth {
  int32_t category = 0;  // from 0
  bool is_crowd = false;
  BoxXywh box;
  double area = 0;            // px^2, as annotated
  int64_t num_keypoints = 0;  // labelled ones; counts for poses only
  bool is_difficult = false;  // counts for Pascal VOC's matching only
};
// A crowd is a difficult object where matching is Pascal VOC's, which knows no crowds.
ApTruth ap_truth(const CocoTruth& truth, const ApParameters& parameters);
// How much of two boxes is common, by the parameters' convention for corners.
double ap_similarity(const BoxXywh& detection, const BoxXywh& truth, bool truth_is_crowd, const ApParameters& parameters);

// What of a ground truth these parameters look at.
CocoUse coco_use(const ApParameters& parameters);

// `results` must be read for parameters.kind and against `truth`, which needs coco_use() alone. Throws DataError naming the
// annotation that lacks what the metric needs (box, area, keypoints, num_keypoints), or the file without any mask, and
// UsageError when the joints of the files aren't as many as the sigmas. A truth without a mask is never found. Annotations
// that share an id count as pycocotools counts them: the last one in the place of each.
ApReport evaluate_coco(const CocoIndex& truth, const CocoResults& results, const ApRequest& request);
// Its two steps.
ApAccumulator match_coco(const CocoIndex& truth, const CocoResults& results, const ApRequest& request);
ApReport ap_report(const CocoIndex& truth, const CocoResults& results, const ApAccumulator& matches, int64_t num_threads);

// Of the same files, which evaluate_coco() has accepted; classes in CocoIndex's order.
DetectionConfusion confusion_of_coco(const CocoIndex& truth, const CocoResults& results, const ApRequest& request);

}  // namespace glid
