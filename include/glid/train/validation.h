// How good the model is on images that it isn't trained on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "glid/eval/evaluate.h"
#include "glid/formats/image.h"
#include "glid/train/run_state.h"
#include "glid/train/session.h"

namespace glid {

using MetricValues = std::vector<MetricValue>;

// The set that eval describes, divided over the ranks. All ranks make the same calls in the same order and get the same
// values to the bit, however few images there are.
class Validation {
 public:
  // `session` must live as long. Throws UsageError when eval.best is no value's name.
  explicit Validation(Session& session);

  const Dataset& images() const { return *images_; }
  int64_t num_images() const { return images_->size(); }  // of the split, whatever eval.fraction is

  // Both look at every image, throw DataError when none can be read, and give up with nothing when a rank is asked to stop.
  // The losses of the task's predictors without learning, each at its best scale.
  std::optional<MetricValues> references();
  // The values of eval.metric of predictions without looking; none of a model's own loss. Learns the predictor.
  std::optional<MetricValues> blind_values();
  // The loss, its terms and the values of eval.metric, and the same of the averaged weights, if there are any, with names in
  // _ema.
  std::optional<MetricValues> measure();

  // None before blind_values(), or where the metric is the loss.
  const std::optional<BlindPredictor>& blind() const { return blind_; }
  void restore(std::optional<BlindPredictor> blind) { blind_ = std::move(blind); }

  // Takes what measure() found after `step` updates; true if no model was better so far.
  bool is_best(const MetricValues& values, int64_t step);
  const RunState::Best& best() const { return best_; }
  void restore(const RunState::Best& best) { best_ = best; }

  // What the model makes of some fixed images, by this rank alone; nothing, said once, when none of them can be read.
  std::optional<Image> picture();

 private:
  std::unique_ptr<Loader> loader(const ValidationPlan::Share& share, LoaderOptions options) const;
  Measured measured();
  void learn_blind_predictor();  // rank 0 does, for all
  Scores empty_scores() const;   // the loss, then eval.metric
  std::optional<MetricValues> values(const std::string& suffix);
  const std::optional<Batch>& picture_batch();

  Session& session_;
  std::shared_ptr<const AnnotatedDataset> images_;
  std::unique_ptr<Loader> loader_;
  RunState::Best best_;
  std::optional<BlindPredictor> blind_;
  std::optional<Batch> picture_batch_;
  bool looked_for_pictures_ = false;
};

}  // namespace glid
