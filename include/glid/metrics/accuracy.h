// Image classification: how often the right class is among the first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/metrics/image_records.h"
#include "glid/metrics/metric.h"

namespace glid {

class Accuracy : public Metric {
 public:
  // Scores of the classes and the right one's index. Equal scores rank by index, NaN last. Throws DataError, with nothing
  // added, when the image is there already; std::invalid_argument when the index is none of theirs.
  void add(std::string_view image, std::span<const double> scores, int64_t truth);

  std::string to_bytes() const override;
  void merge_bytes(std::string_view bytes) override;
  // top1 and top5, fractions of the images.
  std::vector<MetricValue> values_of(Times times) const override;
  std::vector<std::string> keys() const override { return records_.keys(); }
  std::string best() const override { return "top1"; }

  struct Record {
    int64_t truth = 0;
    int64_t rank = 0;  // how many classes rank before the right one
  };
  const ImageRecords<Record>& images() const { return records_; }

  // Of the images of each class up to the highest that any has.
  struct OfClass {
    int64_t num_images = 0, num_first = 0, num_among_five = 0;
  };
  std::vector<OfClass> classes() const;

 private:
  ImageRecords<Record> records_;
};

}  // namespace glid
