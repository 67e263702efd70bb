// How good a model's poses are, person by person: COCO's average precision of the images' poses, and the share of correct
// joints.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/geometry/box.h"
#include "glid/metrics/ap_parameters.h"
#include "glid/metrics/average_precision.h"
#include "glid/metrics/keypoint_similarity.h"
#include "glid/metrics/metric.h"

namespace glid {

struct AnnotatedPose {
  std::vector<double> joints;  // x, y, visibility of each; a visible one has visibility > 0
  BoxXywh box;
  double area = 0;  // px^2
  bool is_crowd = false;
};

// What became of a person: one sample of an image that has several.
struct PersonResult {
  int64_t id = 0;                     // of the sample
  int64_t image = 0;                  // the place of its id among those of the whole set
  int64_t of_image = 1;               // samples of that image
  std::optional<EstimatedPose> pose;  // none: nobody was looked for
  std::optional<int64_t> truth;  // whom the pose is about, an index into the image's annotated ones, where that is known
};

// Persons may come in any order, over threads and ranks: those of an image meet here, the worse of two poses with an OKS
// above 0.9 goes (mmpose's oks_nms), and what is left is counted as a result file would be (average_precision.h). Images of
// which a sample is missing are left out. PCK@0.1: of the labelled joints of persons whose truth is known, the part that
// lies within a tenth of the longer side of the person's box (Yang & Ramanan, TPAMI 2013).
class PosePrecision : public Metric {
 public:
  // Throws UsageError when the parameters, which are of keypoints, make no sense.
  explicit PosePrecision(ApParameters parameters);

  // `truths`: all of the person's image, in the file's order. Throws std::invalid_argument for numbers of joints other than
  // that of the sigmas, for a NaN score and for an unknown truth; DataError when the person came already.
  void add(PersonResult person, const std::vector<AnnotatedPose>& truths);

  std::string to_bytes() const override;
  void merge_bytes(std::string_view bytes) override;
  // AP ... ARl as ap_numbers() names them, then PCK@0.1.
  std::vector<MetricValue> values_of(Times times) const override;
  // Of those that are whole.
  std::vector<std::string> keys() const override;
  std::string best() const override { return "AP"; }

  int64_t num_images() const;  // that are whole
  // Whether all samples of the image have come.
  bool is_whole(int64_t image) const;
  // The poses of an image that are left, by descending score.
  std::vector<EstimatedPose> poses_of(int64_t image) const;

 private:
  struct ImagePoses {
    int64_t of_image = 0;
    std::vector<AnnotatedPose> truths;
    std::map<int64_t, PersonResult> persons;  // by sample
    int64_t labelled = 0, correct = 0;        // joints of persons whose truth is known

    bool is_whole() const { return std::ssize(persons) == of_image; }
  };
  std::string header() const;
  void add_person(ImagePoses& image, PersonResult person) const;
  std::vector<EstimatedPose> left_of(const ImagePoses& image) const;
  void match(int64_t id, const ImagePoses& image);
  MetricValue correct_joints(Times times) const;

  ApParameters parameters_;
  std::map<int64_t, ImagePoses> images_;
  ApAccumulator matches_;  // of the whole images: how often one counts doesn't change them
};

}  // namespace glid
