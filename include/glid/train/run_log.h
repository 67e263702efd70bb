// What a run writes for people and plots: metrics.jsonl, TensorBoard events, the curve, the console's progress.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "glid/core/json.h"
#include "glid/formats/image.h"
#include "glid/formats/tf_events.h"
#include "glid/metrics/metric.h"
#include "glid/viz/curve.h"

namespace glid {

// A term of the loss, normalised, without its weight.
struct TermValue {
  std::string name;
  int64_t layer = 0;  // the decoder layer that answered, from 1; 0: the last; kBeforeLayers: none yet
  double value = 0;
};

// One logged training step; grad_norm is before clipping.
struct StepMetrics {
  int64_t step = 0;  // completed updates
  double epoch = 0, loss = 0, lr = 0, grad_norm = 0;
  std::vector<TermValue> terms;
  std::vector<std::pair<std::string, double>> diagnostics;
  double images_per_s = 0;
  double data_wait = 0;  // part of the time, 0 to 1
  double memory_mib = 0;
};

// The files of a run folder; written by rank 0 only.
class RunLog {
 public:
  // What lies beyond `completed_steps`, of a run that was killed after its last checkpoint, is dropped: lines of
  // metrics.jsonl (all of them at step 0), pictures, and in TensorBoard the points. Damaged lines are left out and counted.
  RunLog(std::filesystem::path run_folder, int64_t completed_steps);

  void training(const StepMetrics& metrics);
  // A line with val_<name> for every value, null where there was nothing to measure.
  void validation(int64_t step, const std::vector<MetricValue>& values);
  // The losses of predictors without learning: one line, and horizontal lines in the curve.
  void references(const std::vector<MetricValue>& losses);
  // The same of predictions without looking at the images: values of the metric.
  void blind(const std::vector<MetricValue>& values);
  void picture(int64_t step, const Image& image);
  // Draws curve.png, the losses, from metrics.jsonl; for a value of a metric metric.png too.
  void draw_curves(const std::string& value) const;

 private:
  void append(const Json& line);
  void draw(const Chart& chart, const std::string& file) const;

  std::filesystem::path folder_;
  TfEventsWriter events_;
};

}  // namespace glid
