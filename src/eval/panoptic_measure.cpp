// Panoptic quality of a model. Categories carry the data set's ids, as in its files.
#include <algorithm>
#include <unordered_map>

#include "glid/metrics/panoptic_quality.h"
#include "measures.h"
#include "reports.h"

namespace glid {
namespace {

class PanopticMeasure : public Measure {
 public:
  PanopticMeasure(const PanopticSettings& settings, const Vocabulary& vocabulary)
      : settings_(settings), classes_(vocabulary.segments), metric_(panoptic_categories(vocabulary)) {}
  void add(const PredictedSample& sample) override {
    const Panoptic &predicted = sample.prediction.panoptic, &truth = sample.truth.panoptic;
    metric_.add(key_of(sample), {predicted.ids, panoptic_segments(predicted, classes_)},
                {truth.ids, panoptic_segments(truth, classes_)});
  }
  PanopticQuality& metric() override { return metric_; }
  Report report() const override { return named_report(report_of(metric_, settings_.protocol), settings_); }

 private:
  PanopticSettings settings_;
  std::vector<Vocabulary::Class> classes_;
  PanopticQuality metric_;
};

}  // namespace

std::vector<PanopticCategory> panoptic_categories(const Vocabulary& vocabulary) {
  std::vector<PanopticCategory> categories;
  for (size_t i = 0; i < vocabulary.segments.size(); ++i)
    categories.push_back({vocabulary.segments[i].id, vocabulary.segments[i].name, vocabulary.is_thing[i]});
  std::ranges::sort(categories, {}, &PanopticCategory::id);
  return categories;
}

std::vector<PanopticSegment> panoptic_segments(const Panoptic& panoptic, const std::vector<Vocabulary::Class>& classes) {
  std::unordered_map<uint32_t, int64_t> pixels;
  for (const uint32_t id : panoptic.ids) ++pixels[id];
  std::vector<PanopticSegment> segments;
  for (const SegmentInfo& segment : panoptic.segments)
    segments.push_back({.id = segment.id,
                        .category_id = classes.at(static_cast<size_t>(segment.category)).id,
                        .is_crowd = segment.is_crowd,
                        .area = static_cast<double>(pixels[segment.id])});
  return segments;
}

std::unique_ptr<Measure> measure_of(const PanopticSettings& settings, const Vocabulary& vocabulary) {
  require_classes(PanopticSettings::kName, vocabulary.segments);
  return std::make_unique<PanopticMeasure>(settings, vocabulary);
}

}  // namespace glid
