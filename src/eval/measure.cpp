#include "glid/eval/measure.h"

#include "glid/core/format.h"

namespace glid {
namespace {

// Sorts as the set does.
std::string key_of(const PredictedSample& sample) { return format("{:012}", sample.id); }

class SemanticMeasure : public Measure {
 public:
  explicit SemanticMeasure(const SemanticSettings& settings) : metric_(settings) {}
  void add(const PredictedSample& sample) override {
    metric_.add(key_of(sample), sample.prediction.semantic, sample.truth.semantic);
  }
  MeanIou& metric() override { return metric_; }

 private:
  MeanIou metric_;
};

class DepthMeasure : public Measure {
 public:
  explicit DepthMeasure(const DepthSettings& settings) : metric_(settings) {}
  void add(const PredictedSample& sample) override {
    const std::vector<double> truth(sample.truth.depth.begin(), sample.truth.depth.end());
    const Prediction& p = sample.prediction;
    metric_.add(key_of(sample), {p.depth, p.height, p.width}, {truth, p.height, p.width});
  }
  DepthErrors& metric() override { return metric_; }

 private:
  DepthErrors metric_;
};

}  // namespace

std::unique_ptr<Measure> make_measure(const MetricSettings& settings, const Vocabulary&) {
  if (const auto* semantic = std::get_if<SemanticSettings>(&settings)) return std::make_unique<SemanticMeasure>(*semantic);
  if (const auto* depth = std::get_if<DepthSettings>(&settings)) return std::make_unique<DepthMeasure>(*depth);
  return nullptr;
}

}  // namespace glid
