// How good the model is on images that it isn't trained on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glid/formats/image.h"
#include "glid/train/run_state.h"
#include "glid/train/session.h"

namespace glid {

using NamedLosses = std::vector<std::pair<std::string, double>>;

// The set that eval describes, divided over the ranks. All ranks make the same calls in the same order.
class Validation {
 public:
  // `session` must live as long.
  explicit Validation(Session& session);

  int64_t num_images() const { return images_->size(); }  // of the split, whatever eval.fraction is

  // The losses of the task's predictors without learning, each at its best scale.
  NamedLosses references();
  // val_loss, and val_loss_ema where there is an average.
  NamedLosses measure();
  // Takes what measure() found after `step` updates; true if no loss was lower so far.
  bool is_best(const NamedLosses& losses, int64_t step);

  const RunState::Best& best() const { return best_; }
  void restore(const RunState::Best& best) { best_ = best; }

  // What the model makes of some fixed images; needs no other rank.
  Image picture();

 private:
  std::unique_ptr<Loader> loader(const ValidationPlan::Share& share, int64_t workers) const;
  double mean_loss();
  const Batch& picture_batch();

  Session& session_;
  std::shared_ptr<const Dataset> images_;
  std::unique_ptr<Loader> loader_;
  RunState::Best best_;
  std::optional<Batch> picture_batch_;
};

}  // namespace glid
