#include "glid/eval/measure.h"

#include "depth_protocols.h"
#include "glid/core/error.h"
#include "glid/metrics/accuracy.h"
#include "glid/metrics/image_records.h"
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
  explicit DepthMeasure(const DepthSettings& settings) : settings_(settings), metric_(depth_options(settings)) {}
  void add(const PredictedSample& sample) override {
    const std::vector<double> truth(sample.truth.depth.begin(), sample.truth.depth.end());
    const Prediction& p = sample.prediction;
    metric_.add(key_of(sample), {p.depth, p.height, p.width}, {truth, p.height, p.width});
  }
  DepthErrors& metric() override { return metric_; }
  Report report() const override { return named_report(report_of(metric_, rules_of(settings_)), settings_); }

 private:
  DepthSettings settings_;
  DepthErrors metric_;
};

class AccuracyMeasure : public Measure {
 public:
  explicit AccuracyMeasure(std::vector<Vocabulary::Class> classes) : classes_(std::move(classes)) {}
  void add(const PredictedSample& sample) override {
    if (!sample.truth.label) throw DataError(sample.name, "has no class");
    metric_.add(key_of(sample), sample.prediction.label_scores, *sample.truth.label);
  }
  Accuracy& metric() override { return metric_; }
  Report report() const override { return named_report(report_of(metric_, classes_), AccuracySettings{}); }

 private:
  std::vector<Vocabulary::Class> classes_;
  Accuracy metric_;
};

std::unique_ptr<Measure> measure_of(const LossSettings&, const Vocabulary&) { return nullptr; }
std::unique_ptr<Measure> measure_of(const MultitaskSettings&, const Vocabulary&) { return nullptr; }

// A metric whose values have a name before theirs.
class NamedMetric : public Metric {
 public:
  NamedMetric(Metric& metric, std::string name) : metric_(metric), name_(std::move(name)) {}
  std::string to_bytes() const override { return metric_.to_bytes(); }
  void merge_bytes(std::string_view bytes) override { metric_.merge_bytes(bytes); }
  std::vector<std::string> keys() const override { return metric_.keys(); }
  std::vector<MetricValue> values_of(Times times) const override {
    std::vector<MetricValue> values = metric_.values_of(times);
    for (MetricValue& value : values) value.name = full(value.name);
    return values;
  }
  std::string best() const override { return full(metric_.best()); }

 private:
  std::string full(const std::string& value) const { return name_ + "." + value; }

  Metric& metric_;
  std::string name_;
};

class NamedMeasure : public Measure {
 public:
  NamedMeasure(std::unique_ptr<Measure> measure, const std::string& name)
      : measure_(std::move(measure)), metric_(measure_->metric(), name) {}
  void add(const PredictedSample& sample) override { measure_->add(sample); }
  NamedMetric& metric() override { return metric_; }
  Report report() const override { return measure_->report(); }

 private:
  std::unique_ptr<Measure> measure_;
  NamedMetric metric_;
};

}  // namespace

std::string key_of(const PredictedSample& sample) { return image_key(sample.id); }

void require_classes(std::string_view metric, const std::vector<Vocabulary::Class>& classes) {
  if (classes.empty()) throw UsageError("eval.metric", "is of classes that the data doesn't have", std::string(metric));
}

std::unique_ptr<Measure> measure_of(const AccuracySettings&, const Vocabulary& vocabulary) {
  require_classes(AccuracySettings::kName, vocabulary.images);
  return std::make_unique<AccuracyMeasure>(vocabulary.images);
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

std::vector<std::unique_ptr<Measure>> make_measures(const MetricSettings& settings, const Vocabulary& vocabulary) {
  std::vector<std::unique_ptr<Measure>> measures;
  for (const auto& [task, part] : parts_of(settings)) {
    auto measure = make_measure(part, vocabulary);
    if (!measure) continue;
    if (!task.empty()) measure = std::make_unique<NamedMeasure>(std::move(measure), task);
    measures.push_back(std::move(measure));
  }
  return measures;
}

}  // namespace glid
