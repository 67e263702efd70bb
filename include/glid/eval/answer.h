// A question put to a model: forward under autocast, answers for losses and metrics in fp32.
#pragma once

#include <vector>

#include "glid/model/glid.h"
#include "glid/nn/weight_copies.h"
#include "glid/optim/precision.h"
#include "glid/tasks/task.h"

namespace glid {

// The model in evaluation mode while it lives, then as it was.
class EvaluationMode {
 public:
  explicit EvaluationMode(Glid& model) : model_(model), was_training_(model.is_training()) { model_.eval(); }
  ~EvaluationMode() { model_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Glid& model_;
  bool was_training_;
};

// One answer a query. What low precision made is given in fp32; double stays double. `copies`: of the model's weights, for
// low precision; null: each weight is cast by itself.
std::vector<Answer> answer(const Glid& model, const Question& question, Precision precision, WeightCopies* copies = nullptr);

}  // namespace glid
