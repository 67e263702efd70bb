// Average precision by the rules of pycocotools 2.0.11 (cocoeval.py), on plain structs: what boxes, masks and poses share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/metrics/ap_parameters.h"
#include "glid/metrics/metric.h"

namespace glid {

struct ApTruth {
  double area = 0;          // px^2
  int32_t category = 0;     // from 0, in the order of the report
  bool is_crowd = false;    // may absorb any number of detections
  bool is_ignored = false;  // neither missed nor found; a crowd is ignored too
};

struct ApDetection {
  double score = 0;  // not NaN
  double area = 0;   // px^2
  int32_t category = 0;
};

struct ApImage {
  int64_t image = 0;                        // the place of its id among those of the whole set: equal scores rank by it
  std::span<const ApTruth> truths;          // in the file's order
  std::span<const ApDetection> detections;  // likewise
  // Of two indices into the lists, 0 to 1 and not NaN. Asked once for a pair of equal category (any, when pooled) whose
  // detection is among the max_dets best.
  std::function<double(size_t detection, size_t truth)> similarity;
};

// Curves of T thresholds, R recall points, K categories (1 when pooled), A area ranges and M detection limits; -1 where
// there is nothing to find.
struct ApResult {
  ApParameters parameters;
  int64_t num_categories = 0;
  std::vector<double> precision;          // [K, A, M, T, R], non-increasing over R
  std::vector<double> recall;             // [K, A, M, T], of all detections
  std::vector<double> average_precision;  // [K, A, M, T]
  std::vector<int64_t> num_truths;        // [K, A], those that count
  std::vector<int64_t> num_detections;    // [K], within the largest limit

  // Index of the first threshold of a curve; times R for `precision`.
  size_t cell(size_t category, size_t area_range, size_t limit) const;
};

// Numbers are none where there is no truth to find in any category (-1 in pycocotools' table).
// Boxes and masks: AP AP50 AP75, AP of each other range, AR of each limit, AR of each other range; in COCO's protocol AP
// AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl. Keypoints: AP AP50 AP75 APm APl AR AR50 AR75 ARm ARl. A range of another
// name gives AP_name, a limit of kNoLimit AR. Means over categories with truths, or one category's.
std::vector<MetricValue> ap_numbers(const ApResult& result, std::optional<size_t> category = {});

// Names of "AP" or "AR" in every area range, in their order; `number` itself for the range "all".
std::vector<std::string> area_names(const std::string& number, const ApParameters& parameters);

// Gathers the matches of images, in any order, over threads and ranks: the result depends on nothing but the set.
class ApAccumulator : public Metric {
 public:
  // Throws UsageError when the parameters make no sense.
  ApAccumulator(ApParameters parameters, int64_t num_categories);

  // Throws std::invalid_argument for a NaN score or an unknown category.
  void add(const ApImage& image);

  // Throws std::invalid_argument when the other has other parameters.
  void merge(const ApAccumulator& other);

  std::string to_bytes() const override;
  void merge_bytes(std::string_view bytes) override;
  // Throws std::invalid_argument when the bytes are cut or of other parameters.
  static ApAccumulator from_bytes(ApParameters parameters, int64_t num_categories, std::string_view bytes);

  // Throws std::invalid_argument unless the images 0 ... num_images - 1 were added once each.
  ApResult finish(int64_t num_images, int64_t num_threads = 1) const;
  // The same over the images that were added, which may lack some of the set. Throws std::invalid_argument when one came
  // twice.
  ApResult result() const;
  std::vector<MetricValue> values_of(Times times) const override;
  std::vector<std::string> keys() const override;
  std::string best() const override { return "AP"; }
  int64_t num_images() const { return static_cast<int64_t>(images_.size()); }

 private:
  friend class ApMatcher;
  friend class ApCurves;

  std::vector<int64_t> sorted_images() const;
  ApResult curves(int64_t num_threads, Times times) const;

  // An (image, category)'s detections, by descending score.
  struct Group {
    int64_t image;
    int32_t category;
    uint32_t num_detections;
    uint64_t first_detection;
  };
  struct Detection {
    double score;
    uint32_t match;    // index of a match, or kUnmatched
    uint32_t outside;  // bit a: the area is outside of range a
  };
  // Bit t: matched at threshold t; ignored, because the truth is. There is one for each range of a detection that has any.
  struct Match {
    uint64_t matched;
    uint64_t ignored;
  };
  static constexpr uint32_t kUnmatched = UINT32_MAX;

  ApParameters parameters_;
  int64_t num_categories_;
  std::vector<int64_t> images_;
  std::vector<Group> groups_;
  std::vector<uint32_t> num_truths_;  // [group, area range], those that count
  std::vector<Detection> detections_;
  std::vector<Match> matches_;  // [match, area range]
};

}  // namespace glid
