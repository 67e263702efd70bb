// Panoptic quality of a model. Categories carry the data set's ids, as in its files.
#include <algorithm>
#include <unordered_map>

#include "glid/metrics/panoptic_quality.h"
#include "measures.h"

namespace glid {
namespace {

// Ascending by id, as files are read: sums are then the same to the bit.
std::vector<PanopticCategory> categories_of(const Vocabulary& vocabulary) {
  std::vector<PanopticCategory> categories;
  for (size_t i = 0; i < vocabulary.segments.size(); ++i)
    categories.push_back({vocabulary.segments[i].id, vocabulary.segments[i].name, vocabulary.is_thing[i]});
  std::ranges::sort(categories, {}, &PanopticCategory::id);
  return categories;
}

class PanopticMeasure : public Measure {
 public:
  explicit PanopticMeasure(const Vocabulary& vocabulary)
      : classes_(vocabulary.segments), metric_(categories_of(vocabulary)) {}
  void add(const PredictedSample& sample) override {
    const Panoptic &predicted = sample.prediction.panoptic, &truth = sample.truth.panoptic;
    metric_.add(key_of(sample), {predicted.ids, segments_of(predicted)}, {truth.ids, segments_of(truth)});
  }
  PanopticQuality& metric() override { return metric_; }

 private:
  std::vector<PanopticSegment> segments_of(const Panoptic& panoptic) const {
    std::unordered_map<uint32_t, int64_t> pixels;
    for (const uint32_t id : panoptic.ids) ++pixels[id];
    std::vector<PanopticSegment> segments;
    for (const SegmentInfo& segment : panoptic.segments)
      segments.push_back({.id = segment.id,
                          .category_id = classes_.at(static_cast<size_t>(segment.category)).id,
                          .is_crowd = segment.is_crowd,
                          .area = static_cast<double>(pixels[segment.id])});
    return segments;
  }

  std::vector<Vocabulary::Class> classes_;
  PanopticQuality metric_;
};

}  // namespace

std::unique_ptr<Measure> measure_of(const PanopticSettings&, const Vocabulary& vocabulary) {
  require_classes(PanopticSettings::kName, vocabulary.segments);
  return std::make_unique<PanopticMeasure>(vocabulary);
}

}  // namespace glid
