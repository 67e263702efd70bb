// A loss over a set of images, as an update would see it over one large batch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "glid/metrics/image_records.h"
#include "glid/metrics/metric.h"

namespace glid {

// An image's part of one term: what its loss is the sum of, and how many things that counts.
struct LossPart {
  double sum = 0;
  double count = 0;
};

// loss = sum over terms of weight * (sum of sums) / (sum of counts); a term that counts nothing is left out.
class MeanLoss : public Metric {
 public:
  struct Term {
    std::string name;
    double weight = 1;
  };

  // Several terms are values of their own beside their weighted sum, `loss`.
  explicit MeanLoss(std::vector<Term> terms = {Term{"loss", 1}});

  // A part of each term. Throws DataError when the image is there already.
  void add(std::string_view image, std::vector<LossPart> parts);

  const ImageRecords<std::vector<LossPart>>& images() const { return images_; }

  std::string to_bytes() const override;
  void merge_bytes(std::string_view bytes) override;
  std::vector<MetricValue> values() const override;
  std::string best() const override { return "loss"; }

 private:
  std::string header() const;

  std::vector<Term> terms_;
  ImageRecords<std::vector<LossPart>> images_;
};

}  // namespace glid
