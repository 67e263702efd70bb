// How low a mean squared error gets without learning: predictors that are each brought to their best scale on the whole set.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glid/metrics/image_records.h"
#include "glid/metrics/metric.h"

namespace glid {

// A predictor on one image, in sums over the image's values: p prediction, t target.
struct BlindPrediction {
  std::string name;
  double pt = 0, pp = 0, tt = 0;
  double count = 0;
};

// The values are named as the predictors are: unlike other metrics', only images make them known.
class BlindLosses : public Metric {
 public:
  // The same predictors for every image. Throws DataError when the image is there already.
  void add(std::string_view image, std::vector<BlindPrediction> predictions);

  const ImageRecords<std::vector<BlindPrediction>>& images() const { return images_; }

  std::string to_bytes() const override;
  void merge_bytes(std::string_view bytes) override;
  // min over s of mean (t - s p)^2, in the order of the first image's predictors; none without images.
  std::vector<MetricValue> values_of(Times times) const override;
  std::vector<std::string> keys() const override { return images_.keys(); }
  std::string best() const override { return {}; }  // nothing here is a model's

 private:
  ImageRecords<std::vector<BlindPrediction>> images_;
};

}  // namespace glid
