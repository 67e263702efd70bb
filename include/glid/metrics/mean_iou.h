// Semantic segmentation: one confusion matrix over the whole set, then ratios.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/fields.h"
#include "glid/metrics/image_records.h"
#include "glid/metrics/metric.h"

namespace glid {

// Which classes have an IoU and enter its mean. They agree where every class occurs in the truth.
enum class MeanIouProtocol {
  kDetectron2,  // classes with ground truth (detectron2 SemSegEvaluator)
  kMmseg,       // classes with ground truth or predictions (mmsegmentation, Hugging Face evaluate)
  kCsail,       // all K, 0 for absent ones (CSAILVision/sceneparsing)
};

constexpr auto enum_names(MeanIouProtocol) {
  return std::to_array<config::Named<MeanIouProtocol>>({
      {MeanIouProtocol::kDetectron2, "detectron2", "mean over classes with ground truth"},
      {MeanIouProtocol::kMmseg, "mmseg", "mean over classes with ground truth or predictions"},
      {MeanIouProtocol::kCsail, "csail", "mean over all classes, 0 for absent ones"},
  });
}

// Labels are numbers from 0 to 65535.
struct MeanIouOptions {
  MeanIouProtocol protocol = MeanIouProtocol::kDetectron2;
  int64_t num_classes = 150;       // K, 1 to 4096
  int64_t ignore_label = 255;      // truth pixels that don't count; -1: none
  bool reduce_zero_label = false;  // annotations only: 0 becomes ignored, ignore_label stays it, others lose 1 (ADE20K)
  int64_t results_offset = 0;      // added to predicted labels, e.g. -1 for submissions of 1 to 150

  template <class V>
  void fields(V& v) {
    v("protocol", protocol, "rules to count by");
    v("num_classes", num_classes, "labels are 0 to num_classes - 1", config::in_range(1, 4096));
    v("ignore_label", ignore_label, "annotated pixels of this label are left out; -1: none", config::in_range(-1, 65535));
    v("reduce_zero_label", reduce_zero_label, "annotations have 0 = ignore and classes from 1 (ADE20K's own files)");
    v("results_offset", results_offset, "added to predicted labels; -1 for files that count classes from 1",
      config::in_range(-65535, 65535));
  }

  // Throws UsageError naming the setting (eval.num_classes, ...).
  void check() const;
};

// Pixels by true and predicted class.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(int64_t num_classes);

  int64_t num_classes() const { return num_classes_; }
  // Column num_classes counts misses: kept pixels whose prediction is no class. They are in the truth's total and in no
  // class's predictions, as in mmsegmentation.
  int64_t at(int64_t truth, int64_t predicted) const { return row(truth)[static_cast<size_t>(predicted)]; }
  std::span<const int64_t> row(int64_t truth) const;

  int64_t num_correct(int64_t c) const { return at(c, c); }
  int64_t num_truth(int64_t c) const;
  int64_t num_predicted(int64_t c) const;
  int64_t num_missed() const { return num_predicted(num_classes_); }
  int64_t num_ignored() const;

  ConfusionMatrix& operator+=(const ConfusionMatrix& other);
  bool operator==(const ConfusionMatrix&) const = default;

 private:
  friend class MeanIou;
  size_t stride() const { return static_cast<size_t>(num_classes_) + 1; }

  int64_t num_classes_;
  std::vector<int64_t> counts_;  // [K + 2][K + 1]: row K counts ignored pixels, row K + 1 labels that are none
};

struct SemanticClass {
  int64_t num_truth = 0, num_predicted = 0, num_correct = 0;  // pixels
  std::optional<double> iou;                                  // correct / (truth + predicted - correct), see the protocol
  std::optional<double> accuracy;                             // correct / truth; empty without ground truth
};

// Fractions; empty where nothing was to be counted.
struct MeanIouReport {
  std::vector<SemanticClass> classes;
  std::optional<double> mean_iou;                  // mean of the classes' iou
  std::optional<double> mean_accuracy;             // over classes with ground truth
  std::optional<double> pixel_accuracy;            // aAcc
  std::optional<double> frequency_weighted_iou;    // by share of the ground truth
  std::vector<std::optional<double>> by_protocol;  // mean_iou of each of enum_names(MeanIouProtocol)
  int64_t num_images = 0;
  int64_t num_ignored_images = 0;                         // without a kept pixel
  int64_t num_kept = 0, num_ignored = 0, num_missed = 0;  // pixels
};

// Pixels of an image and of a class that it has or that was predicted in it.
struct SemanticImageClass {
  int64_t index = 0;
  int64_t num_truth = 0, num_predicted = 0, num_correct = 0;
  bool operator==(const SemanticImageClass&) const = default;
};
struct SemanticImageRecord {
  int64_t num_kept = 0;
  std::vector<SemanticImageClass> classes;  // ascending
};

// One object a thread or rank; merge them at the end.
class MeanIou : public Metric {
 public:
  explicit MeanIou(const MeanIouOptions& options);

  // One label a pixel. Throws DataError naming the image, with nothing added: other sizes, a truth label that is neither a
  // class nor ignored, an image that is there already.
  void add(std::string_view image, std::span<const uint16_t> predicted, std::span<const uint16_t> truth);

  // Same options; throw DataError, with nothing taken, when an image is in both.
  void merge(const MeanIou& other);
  std::string to_bytes() const override;
  void merge_bytes(std::string_view bytes) override;
  // mIoU mAcc aAcc fwIoU, by the options' protocol.
  std::vector<MetricValue> values_of(Times times) const override;
  std::vector<std::string> keys() const override { return images_.keys(); }
  std::string best() const override { return "mIoU"; }

  const MeanIouOptions& options() const { return options_; }
  const ImageRecords<SemanticImageRecord>& images() const { return images_; }
  const ConfusionMatrix& confusion() const { return confusion_; }
  MeanIouReport report() const { return report(options_.protocol); }
  MeanIouReport report(MeanIouProtocol protocol) const;

 private:
  // Pixels of an image by a cell of the matrix.
  struct CellCount {
    uint32_t cell;
    int64_t count;
  };
  std::string header() const;
  std::vector<CellCount> count(std::span<const uint16_t> predicted, std::span<const uint16_t> truth);
  SemanticImageRecord record_of(const std::vector<CellCount>& cells) const;
  std::vector<SemanticImageClass> pixels_of(Times times) const;  // of every class

  MeanIouOptions options_;
  std::vector<uint32_t> row_begin_;    // [65536] of a truth label
  std::vector<uint32_t> column_;       // [65536] of a predicted label
  std::vector<int64_t> image_counts_;  // of the image that is being counted, else 0
  ConfusionMatrix confusion_;
  ImageRecords<SemanticImageRecord> images_;
};

}  // namespace glid
