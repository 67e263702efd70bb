// From predictions and truths to a metric, whoever predicted (no LibTorch).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/prediction.h"
#include "glid/eval/report.h"
#include "glid/metrics/metric_settings.h"

namespace glid {

struct PredictedSample {
  int64_t id = 0;           // in the data set
  const std::string& name;  // of the sample, for messages
  const Prediction& prediction;
  const Targets& truth;  // of the original
};

class Measure {
 public:
  virtual ~Measure() = default;
  // Throws DataError naming a sample whose truth the metric can't use.
  virtual void add(const PredictedSample& sample) = 0;
  virtual Metric& metric() = 0;
  // Of what was added and merged, as of files.
  virtual Report report() const = 0;
};

// Of one metric; none for a model's own loss and for several tasks.
std::unique_ptr<Measure> make_measure(const MetricSettings& settings, const Vocabulary& vocabulary);
// One or none, or one a task of several: their values have the task's name before them.
std::vector<std::unique_ptr<Measure>> make_measures(const MetricSettings& settings, const Vocabulary& vocabulary);

}  // namespace glid
