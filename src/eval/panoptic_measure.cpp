// Panoptic quality of a model. Categories carry the data set's ids, as in its files.
#include "glid/data/panoptic_records.h"
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

std::unique_ptr<Measure> measure_of(const PanopticSettings& settings, const Vocabulary& vocabulary) {
  require_classes(PanopticSettings::kName, vocabulary.segments);
  return std::make_unique<PanopticMeasure>(settings, vocabulary);
}

}  // namespace glid
