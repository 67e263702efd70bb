// A model measured on a whole set, over all ranks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "glid/data/loader.h"
#include "glid/dist/communicator.h"
#include "glid/eval/blind_predictor.h"
#include "glid/eval/measure.h"
#include "glid/metrics/blind_losses.h"
#include "glid/metrics/mean_loss.h"
#include "glid/model/glid.h"
#include "glid/optim/precision.h"
#include "glid/tasks/task.h"

namespace glid {

// What is measured, and on which images. A share of any size will do, none too, whatever files are bad: the ranks go from
// batch to batch together until the last one is through.
struct Measured {
  Glid& model;
  const Task& task;
  Loader& loader;  // a validation plan, at its beginning; left there again
  Communicator& communicator;
  c10::Device device = c10::kCPU;
  Precision precision = Precision::kFp32;
  std::function<bool()> stop = [] { return false; };  // on any rank; asked before every batch
  std::function<void(int64_t num_samples)> progress = [](int64_t) {};  // told what all ranks have read, behind every batch
};

// What is found on the way; an absent loss isn't computed.
struct Scores {
  std::optional<MeanLoss> loss;  // the task's, which needs the parts of every picture (LossTerm::by_image)
  std::vector<std::unique_ptr<Measure>> measures;

  std::vector<Metric*> metrics();  // the loss first
  std::vector<MetricValue> values();
};

// Called for every sample of this rank as it is predicted.
using OnPrediction = std::function<void(const PredictedSample& sample)>;

// All ranks must call them alike, and get the same metrics to the bit; the model is in evaluation mode meanwhile. False, on
// all ranks, when one was asked to stop: the metrics are then of no use. Throws DataError, on all ranks, when no image could
// be read.
// Every batch is answered once, whatever is asked of the answers.
bool evaluate(const Measured& measured, Scores& scores, const OnPrediction& each = {});
// The same of predictions without looking at the images, of which only measures are of use.
bool evaluate_blind(const Measured& measured, const BlindPredictor& predictor, Scores& scores);
// The task's predictors without learning on the same images.
bool measure_blind_losses(const Measured& measured, BlindLosses& metric);

}  // namespace glid
