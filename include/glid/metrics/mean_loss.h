// A loss over a set of images, as an update would see it over one large batch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "glid/metrics/image_records.h"
#include "glid/metrics/metric.h"

namespace glid {

// An image's part of one term of the loss.
struct LossPart {
  double sum = 0;
  double count = 0;  // of what the term is divided by
};

// loss = sum over terms of weight * (sum of sums) / max(sum of counts, 1), over all images.
class MeanLoss : public Metric {
 public:
  // Terms that share a name (supervised layers) are one value.
  struct Term {
    std::string name;
    double weight = 1;
    bool operator==(const Term&) const = default;
  };

  // A part of each term; the same terms for every image. Throws DataError when the image is there already.
  void add(std::string_view image, const std::vector<Term>& terms, std::vector<LossPart> parts);

  const ImageRecords<std::vector<LossPart>>& images() const { return images_; }

  std::string to_bytes() const override;
  void merge_bytes(std::string_view bytes) override;
  // `loss`, then the terms by name, if there are several: only images make those known.
  std::vector<MetricValue> values_of(Times times) const override;
  std::vector<std::string> keys() const override { return images_.keys(); }
  std::string best() const override { return "loss"; }

 private:
  void take_terms(const std::vector<Term>& terms);

  std::vector<Term> terms_;  // none before the first image
  ImageRecords<std::vector<LossPart>> images_;
};

}  // namespace glid
