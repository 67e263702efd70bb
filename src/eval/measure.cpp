#include "glid/eval/measure.h"

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/metrics/accuracy.h"
#include "measures.h"
#include "reports.h"

namespace glid {
namespace {

class SemanticMeasure : public Measure {
 public:
  SemanticMeasure(const SemanticSettings& settings, const Vocabulary& vocabulary)
      : settings_(settings),
        metric_(MeanIouOptions{
            .protocol = settings.protocol, .num_classes = std::ssize(vocabulary.labels), .ignore_label = kIgnoreLabel}) {
    for (const Vocabulary::Class& label : vocabulary.labels) names_.push_back(label.name);
  }
  void add(const PredictedSample& sample) override {
    metric_.add(key_of(sample), sample.prediction.semantic, sample.truth.semantic);
  }
  MeanIou& metric() override { return metric_; }
  Report report() const override { return named_report(report_of(metric_, names_), settings_); }

 private:
  SemanticSettings settings_;
  std::vector<std::string> names_;
  MeanIou metric_;
};

class DepthMeasure : public Measure {
 public:
  explicit DepthMeasure(const DepthSettings& settings) : settings_(settings), metric_(settings) {}
  void add(const PredictedSample& sample) override {
    const std::vector<double> truth(sample.truth.depth.begin(), sample.truth.depth.end());
    const Prediction& p = sample.prediction;
    metric_.add(key_of(sample), {p.depth, p.height, p.width}, {truth, p.height, p.width});
  }
  DepthErrors& metric() override { return metric_; }
  Report report() const override { return named_report(report_of(metric_), settings_); }

 private:
  DepthSettings settings_;
  DepthErrors metric_;
};

class AccuracyMeasure : public Measure {
 public:
  void add(const PredictedSample& sample) override {
    if (!sample.truth.label) throw DataError(sample.name, "has no class");
    metric_.add(key_of(sample), sample.prediction.label_scores, *sample.truth.label);
  }
  Accuracy& metric() override { return metric_; }
  Report report() const override { return named_report(report_of(metric_), AccuracySettings{}); }

 private:
  Accuracy metric_;
};

std::unique_ptr<Measure> measure_of(const LossSettings&, const Vocabulary&) { return nullptr; }

}  // namespace

std::string key_of(const PredictedSample& sample) { return format("{:012}", sample.id); }

void require_classes(std::string_view metric, const std::vector<Vocabulary::Class>& classes) {
  if (classes.empty()) throw UsageError("eval.metric", "is of classes that the data doesn't have", std::string(metric));
}

std::unique_ptr<Measure> measure_of(const AccuracySettings&, const Vocabulary& vocabulary) {
  require_classes(AccuracySettings::kName, vocabulary.images);
  return std::make_unique<AccuracyMeasure>();
}

std::unique_ptr<Measure> measure_of(const SemanticSettings& settings, const Vocabulary& vocabulary) {
  require_classes(SemanticSettings::kName, vocabulary.labels);
  return std::make_unique<SemanticMeasure>(settings, vocabulary);
}

std::unique_ptr<Measure> measure_of(const DepthSettings& settings, const Vocabulary&) {
  return std::make_unique<DepthMeasure>(settings);
}

std::unique_ptr<Measure> make_measure(const MetricSettings& settings, const Vocabulary& vocabulary) {
  return std::visit([&](const auto& alternative) { return measure_of(alternative, vocabulary); }, settings);
}

}  // namespace glid
