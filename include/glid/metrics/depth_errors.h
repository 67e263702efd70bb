// Monocular depth: the errors of Eigen et al. (NIPS 2014) as AdaBins (shariqfarooq123/AdaBins, evaluate.py) computes them,
// in double.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/value.h"
#include "glid/metrics/image_records.h"
#include "glid/metrics/metric.h"

namespace glid {

// The part of the image that counts. The fractions are times the size, truncated; ends are exclusive.
enum class DepthCrop {
  kEigen,       // NYUv2: rows 45 to 471, columns 41 to 601; only for 480 x 640
  kGarg,        // rows .40810811 to .99189189, columns .03594771 to .96405229
  kKittiEigen,  // rows .3324324 to .91351351, columns .0359477 to .96405229
  kNone,
};

constexpr auto enum_names(DepthCrop) {
  return std::to_array<config::Named<DepthCrop>>({{DepthCrop::kEigen, "eigen"},
                                                  {DepthCrop::kGarg, "garg"},
                                                  {DepthCrop::kKittiEigen, "kitti_eigen"},
                                                  {DepthCrop::kNone, "none"}});
}

// What is printed under a number's name.
enum class DepthProtocol { kNyu, kMmseg, kKitti, kPooled };

constexpr auto enum_names(DepthProtocol) {
  return std::to_array<config::Named<DepthProtocol>>({
      {DepthProtocol::kNyu, "nyu",
       "AdaBins' evaluate.py in double: means over images; silog = 100 sqrt(mean e^2 - (mean e)^2), sq_rel by g"},
      {DepthProtocol::kMmseg, "mmseg", "nyu with mmsegmentation's silog = sqrt(mean e^2 - (mean e)^2 / 2)"},
      {DepthProtocol::kKitti, "kitti",
       "KITTI's development kit in double: nyu's formulas, sq_rel by g^2; pixels without a prediction are filled along "
       "rows"},
      {DepthProtocol::kPooled, "pooled", "nyu with rmse over the pixels of all images"},
  });
}

constexpr double kNoMaxDepth = std::numeric_limits<double>::infinity();

struct DepthOptions {
  DepthProtocol protocol = DepthProtocol::kNyu;
  // Metres; truth counts strictly between the two, predictions are clamped to them. Without a lower limit (0) those that are
  // not positive or NaN are holes and filled along their row; without an upper one (kNoMaxDepth) infinite ones are an error.
  double min_depth = 1e-3;
  double max_depth = 10;
  DepthCrop crop = DepthCrop::kEigen;
  bool median_scaling = false;  // predictions times median(truth) / median(prediction) of the image: another protocol
  bool operator==(const DepthOptions&) const = default;

  // Throws UsageError naming the setting (eval.min_depth, ...).
  void check() const;
};

// What a protocol measures by: NYUv2's limits and crop, KITTI's none.
DepthOptions depth_options(DepthProtocol protocol);
// Units of its PNGs in a metre: 1000, KITTI's 256.
double png_units_per_metre(DepthProtocol protocol);

// Over the valid pixels of an image, or means of that over images. With g truth, p prediction, e = ln p - ln g:
struct DepthErrorValues {
  double abs_rel = 0;             // mean |g - p| / g
  double sq_rel = 0;              // mean (g - p)^2 / g (NYUv2, KITTI Eigen)
  double sq_rel_kitti = 0;        // mean (g - p)^2 / g^2 (KITTI's development kit)
  double rmse = 0;                // sqrt(mean (g - p)^2)
  double rmse_log = 0;            // sqrt(mean e^2)
  double irmse = 0;               // 1000 sqrt(mean (1 / g - 1 / p)^2), in 1/km
  double log10 = 0;               // mean |log10 g - log10 p|
  double silog = 0;               // 100 sqrt(mean e^2 - (mean e)^2) (Eigen)
  double silog_mmseg = 0;         // sqrt(mean e^2 - (mean e)^2 / 2) (mmsegmentation)
  double d1 = 0, d2 = 0, d3 = 0;  // share with max(g / p, p / g) < 1.25, 1.25^2, 1.25^3
  bool operator==(const DepthErrorValues&) const = default;
};

struct DepthErrorField {
  const char* name;
  double DepthErrorValues::*value;
  Better better = Better::kLower;
};

// The first kNumDepthValues are what a metric says; the others stand for one of them under the rules of another tool.
inline constexpr size_t kNumDepthValues = 10;
inline constexpr std::array<DepthErrorField, 12> kDepthErrorFields = {{
    {"abs_rel", &DepthErrorValues::abs_rel},
    {"sq_rel", &DepthErrorValues::sq_rel},
    {"rmse", &DepthErrorValues::rmse},
    {"rmse_log", &DepthErrorValues::rmse_log},
    {"iRMSE", &DepthErrorValues::irmse},
    {"log10", &DepthErrorValues::log10},
    {"silog", &DepthErrorValues::silog},
    {"d1", &DepthErrorValues::d1, Better::kHigher},
    {"d2", &DepthErrorValues::d2, Better::kHigher},
    {"d3", &DepthErrorValues::d3, Better::kHigher},
    {"sq_rel_kitti", &DepthErrorValues::sq_rel_kitti},
    {"silog_mmseg", &DepthErrorValues::silog_mmseg},
}};

// Predictions on valid pixels as they came, before filling, scaling and clamping.
struct DepthNotes {
  int64_t num_nan = 0;
  int64_t num_infinite = 0;
  int64_t num_nonpositive = 0;  // finite
  bool operator==(const DepthNotes&) const = default;

  DepthNotes& operator+=(const DepthNotes& other);
  // One line each for those that are not 0, and what became of them.
  std::vector<std::string> lines(const DepthOptions& options) const;
};

struct DepthImageRecord {
  int64_t num_valid = 0;     // pixels; without any there are no values and the image is skipped
  double squared_error = 0;  // sum of (g - p)^2
  DepthErrorValues values;
  DepthNotes notes;
};

struct DepthReport {
  std::optional<DepthErrorValues> mean;  // plain mean over the images with a valid pixel; empty without such
  std::optional<double> rmse_pooled;     // sqrt of the mean square over the pixels of all images
  int64_t num_images = 0;                // all
  int64_t num_skipped = 0;               // without a valid pixel
  int64_t num_pixels = 0;                // valid ones
  DepthNotes notes;
};

// The number in which a protocol differs from nyu.
struct DepthDifference {
  DepthProtocol protocol;
  std::string_view metric;
};
inline constexpr std::array<DepthDifference, 3> kDepthDifferences = {
    {{DepthProtocol::kMmseg, "silog"}, {DepthProtocol::kKitti, "sq_rel"}, {DepthProtocol::kPooled, "rmse"}}};

// The numbers that a protocol prints, absent without a valid pixel.
std::vector<MetricValue> depth_values(const DepthReport& report, DepthProtocol protocol);

struct DepthView {
  std::span<const double> metres;  // [height][width]
  int64_t height = 0;
  int64_t width = 0;
};

// One object a thread or rank; merge them at the end.
class DepthErrors : public Metric {
 public:
  explicit DepthErrors(const DepthOptions& options);

  // Truths that are NaN or not strictly between the limits are not valid. Predictions: holes are filled where there is no
  // lower limit, median scaling if on, NaN to min_depth, then clamped. Throws DataError naming the image, with nothing
  // added: other sizes, a size that the crop is not for, an image that is there already, with median scaling no positive
  // median of the predictions that are numbers, without limits a hole that can't be filled or an infinite prediction.
  void add(std::string_view image, const DepthView& predicted, const DepthView& truth);

  // Same options; throw DataError, with nothing taken, when an image is in both.
  void merge(const DepthErrors& other);
  std::string to_bytes() const override;
  void merge_bytes(std::string_view bytes) override;
  // By the options' protocol.
  std::vector<MetricValue> values_of(Times times) const override;
  std::vector<std::string> keys() const override { return images_.keys(); }
  std::string best() const override { return "rmse"; }

  const DepthOptions& options() const { return options_; }
  const ImageRecords<DepthImageRecord>& images() const { return images_; }
  DepthReport report(Times times = {}) const;

 private:
  std::string header() const;

  DepthOptions options_;
  ImageRecords<DepthImageRecord> images_;
};

}  // namespace glid
