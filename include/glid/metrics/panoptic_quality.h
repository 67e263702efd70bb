// Panoptic quality (Kirillov et al., CVPR 2019) as panopticapi's evaluation.py computes it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "glid/config/value.h"
#include "glid/formats/panoptic_json.h"
#include "glid/metrics/image_records.h"
#include "glid/metrics/metric.h"

namespace glid {

enum class PanopticProtocol { kPanopticApi };

constexpr auto enum_names(PanopticProtocol) {
  return std::to_array<config::Named<PanopticProtocol>>(
      {{PanopticProtocol::kPanopticApi, "panopticapi",
        "panopticapi's evaluation.py: VOID leaves the union, IoU above 0.5, the last crowd segment of a class absorbs"}});
}

// The segments of an image: one id a pixel (0 is VOID), and what the ids are. A truth's segments need their area.
struct PanopticView {
  std::span<const uint32_t> ids;
  std::span<const PanopticSegment> segments;
  std::string_view where = {};  // file and image, for messages; empty: the image's name alone
};

// Legal, but worth a line in a report. Numbers of segments where nothing else is said.
struct PanopticNotes {
  int64_t missing_predictions = 0;    // images of add_missing
  int64_t unlisted_truth_ids = 0;     // in a truth's pixels but not among its segments: neither VOID nor a segment
  int64_t unlisted_truth_pixels = 0;  // the pixels of those
  int64_t truths_without_pixels = 0;  // listed; missed unless they are crowds
  int64_t truths_of_other_area = 0;   // listed with another area than their pixels; the listed one counts
  int64_t forgotten_crowds = 0;       // followed by another crowd segment of the category, which alone absorbs predictions
  bool operator==(const PanopticNotes&) const = default;

  PanopticNotes& operator+=(const PanopticNotes& other);
  // One line each for those that are not 0.
  std::vector<std::string> lines() const;
};

// Empty where panopticapi divides by zero: no truth and no counted prediction.
struct PanopticScores {
  std::optional<double> pq, sq, rq;
};

struct PanopticClass {
  PanopticCategory category;
  int64_t num_true_positives = 0;
  int64_t num_false_positives = 0;
  int64_t num_false_negatives = 0;
  double iou_sum = 0;  // over the true positives
  PanopticScores
      scores;  // PQ = iou_sum / (TP + FP/2 + FN/2), SQ = iou_sum / TP (0 without TP), RQ = TP / (TP + FP/2 + FN/2)
};

// Means over the classes that have scores.
struct PanopticMeans {
  PanopticScores scores;
  int64_t num_classes = 0;
};

struct PanopticReport {
  std::vector<PanopticClass> classes;  // in the order of the categories
  PanopticMeans all, things, stuff;
  int64_t num_images = 0;
  PanopticNotes notes;
};

struct PanopticMatch {
  int64_t category = 0;  // index into the categories
  double iou = 0;
};

// What an image adds: classes are indexes into the categories.
struct PanopticImageRecord {
  std::vector<PanopticMatch> matches;  // ascending by the truth's id
  std::vector<int64_t> false_negatives;
  std::vector<int64_t> false_positives;
  PanopticNotes notes;
};

// One object a thread or rank; merge them at the end.
class PanopticQuality : public Metric {
 public:
  // Throws DataError for a repeated category id.
  explicit PanopticQuality(std::vector<PanopticCategory> categories);

  // Throws DataError naming image and segment, with nothing added: maps of different sizes; an image that is there already;
  // a predicted id that its segments don't list, a predicted segment without a pixel; in either a category that is not
  // known, an id listed twice, the id 0; a truth without area or with one that leaves a union empty.
  void add(std::string_view image, const PanopticView& predicted, const PanopticView& truth);
  // An image without prediction: its truths (no crowds) are false negatives. panopticapi refuses such results, so that
  // this must be asked for.
  void add_missing(std::string_view image, std::span<const PanopticSegment> truth);

  // Same categories; throw DataError, with nothing taken, when an image is in both.
  void merge(const PanopticQuality& other);
  std::string to_bytes() const override;
  void merge_bytes(std::string_view bytes) override;
  // PQ SQ RQ of all classes, then of things (_th) and stuff (_st).
  std::vector<MetricValue> values_of(Times times) const override;
  std::vector<std::string> keys() const override { return images_.keys(); }
  std::string best() const override { return "PQ"; }

  const std::vector<PanopticCategory>& categories() const { return categories_; }
  const ImageRecords<PanopticImageRecord>& images() const { return images_; }
  PanopticReport report(Times times = {}) const;

 private:
  std::string header() const;

  std::vector<PanopticCategory> categories_;
  std::unordered_map<int64_t, int64_t> category_index_;
  ImageRecords<PanopticImageRecord> images_;
};

}  // namespace glid
